//! Prints the project's figures as a Markdown table: `cargo run --release -p machine-tests --bin bench`.

use std::io::Write;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let table = machine_tests::bench::figures().await?;
    Ok(std::io::stdout().write_all(table.as_bytes())?)
}
