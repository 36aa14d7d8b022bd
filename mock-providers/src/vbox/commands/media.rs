//! `createmedium`, `closemedium`, `clonemedium`, `modifymedium`, `showmediuminfo`, with their older names.

use super::{At as _, Call, Failure, Outcome, place};
use crate::vbox::{
    output::{PROGRESS, failure, media, usage::Usage},
    state::{
        Component, Host, ImageFormat, MediumKind, NewImage, ResultCode, Uuid, VBoxError, Variant, VirtualBox,
    },
};

const MEGABYTE: u64 = 1 << 20;

impl Call<'_> {
    pub(super) fn create_medium(&mut self) -> Outcome {
        let usage = Usage::Of("createmedium");
        let rules = "--filename|-f= --size|-s= --sizebyte|-S= --diffparent|-d= --format|-o= --variant|-m= \
                     --property= --property-file= --type|-t= --comment=";
        let parts = self.parts(usage, rules)?;
        let (kind, rest) = kind(&parts.words);
        if let Some(word) = rest.first() {
            return Err(Failure::syntax(usage, format!("Invalid parameter '{word}'")));
        }
        let Some(file) = parts.value("filename").filter(|file| !file.is_empty()) else {
            return Err(Failure::syntax(usage, "Parameter --filename is required"));
        };
        let size = |name: &str, unit: u64| Some(parts.value(name)?.parse::<u64>().ok()?.saturating_mul(unit));
        let Some(capacity) = size("size", MEGABYTE).or_else(|| size("sizebyte", 1)).filter(|size| *size > 0)
        else {
            return Err(Failure::syntax(usage, "Parameter --size is required"));
        };
        let default = if kind == MediumKind::HardDisk { "VDI" } else { "RAW" };
        let image = NewImage {
            format: format(parts.value("format").unwrap_or(default)).at(place::CREATE_MEDIUM)?,
            variant: variant(parts.value("variant")),
            id: Uuid::random(),
            parent: None,
            capacity,
        };
        let path = self.path(file);
        let created = self.act(|virtual_box, host| virtual_box.create_medium(&path, kind, &image, host));
        let id = self.progress(created, "Failed to create medium", place::CREATE_PROGRESS)?;
        self.stdout += &format!("Medium created. UUID: {id}\n");
        Ok(())
    }

    pub(super) fn clone_medium(&mut self) -> Outcome {
        let usage = Usage::Of("clonemedium");
        let parts =
            self.parts(usage, "--format|-o= --variant|-m= --existing|-E --type|-t= --static|-F --uuid|-u=")?;
        let (kind, rest) = kind(&parts.words);
        let [source, target, others @ ..] = rest else {
            return Err(Failure::syntax(usage, "Mandatory UUID or input file parameter missing"));
        };
        if let Some(other) =
            others.first().filter(|other| !matches!(other.as_str(), "disk" | "dvd" | "floppy"))
        {
            return Err(Failure::syntax(usage, format!("Invalid parameter '{other}'")));
        }
        let wanted = parts.value("format").map(format).transpose().at(place::CREATE_MEDIUM)?;
        let from = self.medium_name(source, kind);
        let target = self.path(target);
        let tenant = self.tenant;
        let (image, cloned) = tenant.act(|virtual_box, host| {
            let id = virtual_box.open_medium(&from, kind, host).at(place::OPEN_MEDIUM)?;
            let (capacity, present) =
                virtual_box.medium(id).map_or((0, ImageFormat::Vdi), |it| (it.capacity, it.format));
            let image = NewImage {
                format: wanted.unwrap_or(present),
                variant: variant(parts.value("variant")),
                id: Uuid::random(),
                parent: None,
                capacity,
            };
            let cloned = virtual_box.clone_medium(id, &target, &image, host);
            Ok::<_, Failure>((image, cloned))
        })?;
        if let Err(error) = &cloned
            && error.callee
        {
            return Err(error.clone()).at(place::CLONE_TO);
        }
        let id = self.progress(cloned, "Failed to clone medium", place::CLONE_PROGRESS)?;
        self.stdout += &format!("Clone medium created in format '{}'. UUID: {id}\n", image.format.name());
        Ok(())
    }

    pub(super) fn modify_medium(&mut self) -> Outcome {
        let usage = Usage::Of("modifymedium");
        let rules = "--resize|-r= --resizebyte|-R= --type|-t= --autoreset|-z= --property|-p= --compact|-c --move|-m= \
                     --setlocation|-l= --description|-d=";
        let parts = self.parts(usage, rules)?;
        let (kind, rest) = kind(&parts.words);
        let [medium] = rest else {
            return Err(Failure::syntax(usage, "Medium name or UUID required"));
        };
        let size = |name: &str, unit: u64| Some(parts.value(name)?.parse::<u64>().ok()?.saturating_mul(unit));
        let Some(capacity) = size("resize", MEGABYTE).or_else(|| size("resizebyte", 1)) else {
            // Our own words: this is all that drivers use.
            return Err(Failure::plain("This VBoxManage is a mock: of modifymedium it only knows --resize"));
        };
        let name = self.medium_name(medium, kind);
        let tenant = self.tenant;
        let resized = tenant.act(|virtual_box, host| {
            let id = virtual_box.open_medium(&name, kind, host).at(place::OPEN_MEDIUM)?;
            Ok::<_, Failure>(virtual_box.resize_medium(id, capacity, host))
        })?;
        if let Err(error) = &resized
            && error.callee
        {
            let (call, line, file) = place::RESIZE;
            let text = failure::lines(&error.clone().context(call, line, file), "error");
            self.stderr += &text;
            return Err(Failure::plain("Failed to resize medium!"));
        }
        self.progress(resized, "Failed to resize medium", place::RESIZE_PROGRESS)
    }

    pub(super) fn close_medium(&mut self) -> Outcome {
        let usage = Usage::Of("closemedium");
        let parts = self.parts(usage, "--delete|-r")?;
        let (kind, rest) = kind(&parts.words);
        let [medium] = rest else {
            return Err(Failure::syntax(usage, "Medium name or UUID required"));
        };
        let name = self.medium_name(medium, kind);
        let tenant = self.tenant;
        tenant.act(|virtual_box, host| {
            let id = virtual_box.open_medium(&name, kind, host).at(place::OPEN_MEDIUM)?;
            if parts.has("delete") {
                match virtual_box.delete_storage(id, host) {
                    Ok(()) => {
                        self.stderr += PROGRESS;
                        return Ok(());
                    }
                    // It is closed all the same, or that is tried.
                    Err(error) => {
                        let code = error.code.name();
                        let (call, line, file) = place::DELETE_STORAGE;
                        self.stderr += &failure::lines(&error.context(call, line, file), "error");
                        let text = format!("Failed to delete medium. Error code {code}");
                        self.stderr += &failure::prefixed("error", &text);
                    }
                }
            }
            virtual_box.close_medium(id).at(place::CLOSE)
        })
    }

    pub(super) fn show_medium(&mut self) -> Outcome {
        let usage = Usage::Of("showmediuminfo");
        let parts = self.parts(usage, "")?;
        let (kind, rest) = kind(&parts.words);
        let [medium] = rest else {
            return Err(Failure::syntax(usage, "Medium name or UUID required"));
        };
        let name = self.medium_name(medium, kind);
        let text = self.act(|virtual_box, host| {
            let id = virtual_box.open_medium(&name, kind, host).at(place::OPEN_MEDIUM)?;
            virtual_box.refresh_medium(id, host);
            Ok::<_, Failure>(long(id, virtual_box, host))
        })?;
        self.stdout += &text;
        Ok(())
    }

    /// A medium as it was named: an id or a path that is known stays, other paths become absolute.
    fn medium_name(&self, name: &str, kind: MediumKind) -> String {
        let is_id = name.parse::<Uuid>().is_ok();
        let is_known = self.tenant.look(|virtual_box| virtual_box.find_medium(name, kind).is_some());
        match is_id || is_known {
            true => name.to_owned(),
            false => self.path(name).display().to_string(),
        }
    }

    /// Shows the bar of something, or cuts it off and says what has failed.
    pub(super) fn progress<T>(
        &mut self,
        result: Result<T, VBoxError>,
        what: &str,
        (call, line, file): super::CallSite,
    ) -> Result<T, Failure> {
        match result {
            Ok(value) => {
                self.stderr += PROGRESS;
                Ok(value)
            }
            Err(error) => {
                self.stderr += &crate::vbox::output::cut_progress(error.code.name());
                self.stderr += &failure::prefixed("error", what);
                Err(error.context(call, line, file).into())
            }
        }
    }
}

/// Everything about a medium.
pub(super) fn long(id: Uuid, virtual_box: &VirtualBox, host: &Host<'_>) -> String {
    let Some(medium) = virtual_box.medium(id) else {
        return String::new();
    };
    let length = host.files.length(&medium.location).unwrap_or(0);
    media::text(medium, virtual_box, true, length)
}

/// The kind that the first word may name, and the other words.
fn kind(words: &[String]) -> (MediumKind, &[String]) {
    match words {
        [first, rest @ ..] if first == "disk" => (MediumKind::HardDisk, rest),
        [first, rest @ ..] if first == "dvd" => (MediumKind::Dvd, rest),
        [first, rest @ ..] if first == "floppy" => (MediumKind::Floppy, rest),
        words => (MediumKind::HardDisk, words),
    }
}

fn format(name: &str) -> Result<ImageFormat, VBoxError> {
    ImageFormat::parse(name).ok_or_else(|| {
        let text = format!("Invalid medium storage format '{name}'");
        VBoxError::new(ResultCode::InvalidArgument, Component::MEDIUM, text)
    })
}

pub(super) fn variant(name: Option<&str>) -> Variant {
    match name {
        Some(name) if name.to_lowercase().contains("fixed") => Variant::Fixed,
        _ => Variant::Standard,
    }
}
