//! `convertfromraw`.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use super::{Call, Failure, Outcome, media::variant};
use crate::vbox::{
    disk::ImageWriter,
    output::{failure, usage::Usage},
    state::{FileError, ImageFormat, NewImage, Uuid, Variant},
};

const USAGE: Usage = Usage::Of("convertfromraw");
/// Bytes of a file that are read at once.
const READ_AT_ONCE: usize = 1 << 20;
/// Where the sources of VirtualBox were when it was built, as its messages say.
const SOURCES: &str = "/build/reproducible-path/virtualbox-7.2.22-dfsg/src/VBox/Storage";

impl Call<'_> {
    pub(super) fn convert(&mut self) -> Outcome {
        let parts = self.parts(USAGE, "--format|-o= --variant|-m= --uuid|-u= --static|-F")?;
        let (source, target, size) = match parts.words.as_slice() {
            [source, target] if source != "stdin" => (source, target, None),
            [source, target, size] if source == "stdin" => (source, target, Some(size)),
            _ => return Err(Failure::syntax(USAGE, "Incorrect number of parameters")),
        };
        self.say(&format!("Converting from raw image file=\"{source}\" to file=\"{target}\"..."));
        let path = self.path(target);
        let (mut file, capacity) = match size {
            // What is no number is 0.
            Some(size) => (None, size.parse().unwrap_or(0)),
            None => {
                let file = File::open(self.path(source)).and_then(|file| Ok((file.metadata()?.len(), file)));
                let (length, file) = file.map_err(|_| {
                    Failure::plain(format!("Cannot open file \"{source}\": VERR_FILE_NOT_FOUND"))
                })?;
                (Some(file), length)
            }
        };
        let variant = variant(parts.value("variant"));
        let kind = if variant == Variant::Fixed { "fixed" } else { "dynamic" };
        let megabytes = (capacity + (1 << 19)) >> 20;
        self.say(&format!("Creating {kind} image with size {capacity} bytes ({megabytes}MB)..."));
        let format = parts.value("format").unwrap_or("VDI");
        let cannot =
            |status: &str| Failure::plain(format!("Cannot create the disk image \"{target}\": {status}"));
        if capacity == 0 {
            return Err(cannot("VERR_INVALID_PARAMETER"));
        }
        let Some(format) = ImageFormat::parse(format) else {
            return Err(cannot("VERR_NOT_FOUND"));
        };
        let image = NewImage {
            format,
            variant,
            id: match parts.value("uuid") {
                None => Uuid::random(),
                Some(text) => text.parse().map_err(|_| Failure::plain(format!("Invalid UUID '{text}'")))?,
            },
            parent: None,
            capacity,
        };
        let files = self.tenant.contents.lock().files;
        let created = files.begin_image(&path, &image);
        let mut writer = created.map_err(|error| {
            self.stderr += &reason(error, format, &path, capacity);
            cannot(error.status())
        })?;
        let written = match (&mut file, self.input.take()) {
            (Some(file), _) => copy(file, &mut writer),
            (None, Some(input)) => input.pieces(capacity).try_for_each(|piece| {
                let (offset, bytes) = piece.map_err(|_| FileError::Device)?;
                writer.write_at(offset, &bytes)
            }),
            (None, None) => Ok(()),
        };
        let finished = written.and_then(|()| writer.finish());
        finished.map_err(|error| {
            Failure::plain(format!("Failed to write to disk image \"{target}\": {}", error.status()))
        })
    }

    /// Chatter of the command.
    fn say(&mut self, text: &str) {
        self.stderr += text;
        self.stderr.push('\n');
    }
}

fn copy(file: &mut File, writer: &mut ImageWriter) -> Result<(), FileError> {
    let mut buffer = vec![0; READ_AT_ONCE];
    let mut offset = 0;
    loop {
        let length = match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Err(FileError::Device),
        };
        writer.write_at(offset, &buffer[..length])?;
        offset += length as u64;
    }
}

/// What the writer of the format says before the last line.
fn reason(error: FileError, format: ImageFormat, path: &Path, capacity: u64) -> String {
    let (status, path) = (error.status(), path.display());
    let text = match (error, format) {
        (FileError::NotAligned, _) => format!(
            "VD: The given disk size {capacity} is not aligned on a sector boundary (512 bytes)\n\
             Error code {status} at {SOURCES}/VD.cpp(6054) in function int VDCreateBase(PVDISK, const char*, const char*, \
             uint64_t, unsigned int, const char*, PCVDGEOMETRY, PCVDGEOMETRY, PCRTUUID, unsigned int, PVDINTERFACE, \
             PVDINTERFACE)"
        ),
        (_, ImageFormat::Vmdk) => format!(
            "VMDK: could not create new file '{path}'\n\
             Error code {status} at {SOURCES}/VMDK.cpp(5581) in function int vmdkCreateRegularImage(PVMDKIMAGE, uint64_t, \
             unsigned int, PVDINTERFACEPROGRESS, unsigned int, unsigned int)"
        ),
        (_, format) => format!("{}: cannot create image '{path}'", format.name()),
    };
    failure::prefixed("error", &text)
}
