//! Tables as they stand in documents.

use std::fmt::Write;

use super::{
    api::{AtSize, Column, Rate},
    guests::Row,
};
use crate::peers::NotTested;

pub(super) fn of_servers(columns: &[Column], missing: &[NotTested]) -> String {
    let mut text = String::from("| figure |");
    for column in columns {
        let _ = write!(text, " {} |", column.name);
    }
    let _ = writeln!(text, "\n| --- |{}", " --- |".repeat(columns.len()));
    row(&mut text, columns, "first answer", |column| Some(format!("{:.1} ms", column.first_answer_ms)));
    row(&mut text, columns, "memory, idle", |column| Some(format!("{:.1} MB", column.idle_mb)));
    let most = columns.iter().max_by_key(|column| column.sizes.len());
    for (index, size) in most.into_iter().flat_map(|column| column.sizes.iter().enumerate()) {
        // Launches while measuring make later sizes a little larger than planned.
        let name = |what: &str| format!("{what}, {} instances", size.instances);
        let mut of_size = |what: &str, shown: fn(&AtSize) -> String| {
            row(&mut text, columns, &name(what), |column| column.sizes.get(index).map(shown));
        };
        of_size("memory", |size| format!("{:.1} MB", size.memory_mb));
        of_size("RunInstances", |size| shown(&size.launch));
        of_size("DescribeInstances by id", |size| shown(&size.by_id));
        of_size("DescribeInstances, all", |size| {
            let listed = size.listed as f64;
            format!(
                "{:.1} µs CPU and {:.0} bytes an instance",
                size.list.cpu_ms * 1e3 / listed,
                size.list.bytes as f64 / listed
            )
        });
        of_size("DescribeInstances, 100 running", |size| shown(&size.page));
    }
    row(&mut text, columns, "duplicate public addresses", |column| {
        (column.addresses > 0).then(|| format!("{} of {}", column.duplicates, column.addresses))
    });
    for column in columns {
        if let Some(reason) = &column.failed {
            let _ = writeln!(text, "\nnot measured to the end: {}: {reason}", column.name);
        }
    }
    for missing in missing {
        let _ = writeln!(text, "\nnot-tested: {missing}");
    }
    text
}

fn row(text: &mut String, columns: &[Column], figure: &str, shown: impl Fn(&Column) -> Option<String>) {
    let cells: Vec<_> =
        columns.iter().map(|column| shown(column).unwrap_or_else(|| "–".to_owned())).collect();
    let _ = writeln!(text, "| {figure} | {} |", cells.join(" | "));
}

fn shown(rate: &Rate) -> String {
    format!("{:.0}/s, {:.3} ms CPU, p99 {:.2} ms", rate.per_second, rate.cpu_ms, rate.p99_ms)
}

pub(super) fn of_guests(rows: &[Row]) -> String {
    let mut text = String::from(
        "| running instances with SSH | memory | an instance | first login after RunInstances | login, median | login, p99 | CPU a login |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let _ = writeln!(
            text,
            "| {} | {:.1} MB | {:.1} KB | {:.0} ms | {:.1} ms | {:.1} ms | {:.1} ms |",
            row.instances,
            row.memory_mb,
            row.kilobytes_an_instance,
            row.first_login_ms,
            row.login_median_ms,
            row.login_p99_ms,
            row.login_cpu_ms
        );
    }
    text
}
