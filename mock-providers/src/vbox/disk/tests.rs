use std::{path::Path, process::Command};

use proptest::prelude::*;

use super::{reader::ImageReader, *};
use crate::vbox::state::{Files, ImageFormat, MediumKind, NewImage, Uuid, Variant};

const MIB: u64 = 1 << 20;

fn image(format: ImageFormat, variant: Variant, capacity: u64) -> NewImage {
    NewImage { format, variant, id: Uuid::random(), parent: None, capacity }
}

fn all() -> Vec<(ImageFormat, Variant)> {
    let formats = [ImageFormat::Vdi, ImageFormat::Vmdk, ImageFormat::Vhd];
    let variants = [Variant::Standard, Variant::Fixed];
    formats.into_iter().flat_map(|format| variants.map(|variant| (format, variant))).collect()
}

fn write(path: &Path, image: &NewImage, pieces: &[(u64, &[u8])]) {
    let mut writer = ImageWriter::create(path, image).unwrap();
    for (at, bytes) in pieces {
        writer.write_at(*at, bytes).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn what_is_written_is_read_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    for (format, variant) in all() {
        let path = folder.path().join(format!("{variant:?}.{}", format.extension()));
        let image = image(format, variant, 5 * MIB);
        let start = [7; 70_000];
        let end = [9; 512];
        write(&path, &image, &[(0, &start), (5 * MIB - 512, &end), (3 * MIB, &[0; 4096])]);
        let mut reader = ImageReader::open(&path).unwrap();
        assert_eq!(reader.info().format, format);
        assert_eq!(reader.info().variant, variant, "{format:?}");
        assert_eq!(reader.info().id, Some(image.id), "{format:?} {variant:?}");
        assert_eq!(reader.info().capacity, 5 * MIB);
        assert_eq!(reader.read_at(0, 70_000).unwrap(), start);
        assert_eq!(reader.read_at(5 * MIB - 512, 512).unwrap(), end);
        assert!(reader.read_at(70_000, 100_000).unwrap().iter().all(|byte| *byte == 0));
    }
}

/// The second opinion, where it is installed.
#[test]
#[expect(clippy::print_stdout, reason = "says that nothing was tested")]
fn qemu_recognises_the_images_and_finds_no_errors() {
    if Command::new("qemu-img").arg("--version").output().is_err() {
        println!("not tested: there is no qemu-img");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (format, variant) in all() {
        let path = folder.path().join(format!("{variant:?}.{}", format.extension()));
        write(&path, &image(format, variant, 20 * MIB), &[(MIB, b"something")]);
        let output = Command::new("qemu-img").args(["info", "--output=json"]).arg(&path).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let info: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{output:?}"));
        let expected = match format {
            ImageFormat::Vdi => "vdi",
            ImageFormat::Vmdk => "vmdk",
            _ => "vpc",
        };
        // A fixed VHD has no header at its start, and is taken for a raw disk unless the format is named.
        if format != ImageFormat::Vhd || variant != Variant::Fixed {
            assert_eq!(info["format"], expected, "{text}");
        }
        if format != ImageFormat::Vhd {
            assert_eq!(info["virtual-size"], 20 * MIB, "{text}");
        }
        let raw = folder.path().join("raw");
        let convert = Command::new("qemu-img")
            .args(["convert", "-f", expected, "-O", "raw"])
            .args([&path, &raw])
            .output();
        let convert = convert.unwrap();
        assert!(convert.status.success(), "{convert:?}");
        let bytes = std::fs::read(&raw).unwrap();
        assert_eq!(&bytes[MIB as usize..][..9], b"something", "{format:?} {variant:?}");
        std::fs::remove_file(raw).unwrap();
    }
}

#[test]
fn a_disk_of_twenty_gigabytes_takes_little_space() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.vmdk");
    let image = image(ImageFormat::Vmdk, Variant::Standard, 20_000 * MIB);
    write(&path, &image, &[(0, b"start"), (19_999 * MIB, b"end")]);
    assert!(std::fs::metadata(&path).unwrap().len() < 8 * MIB);
    let mut reader = ImageReader::open(&path).unwrap();
    assert_eq!(reader.read_at(19_999 * MIB, 3).unwrap(), b"end");
}

#[test]
fn images_are_copied_between_formats_and_made_larger() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = HostFiles::default();
    let source = folder.path().join("a.vmdk");
    write(&source, &image(ImageFormat::Vmdk, Variant::Standard, 3 * MIB), &[(MIB, b"key")]);
    let copy = folder.path().join("sub/b.vdi");
    let new = image(ImageFormat::Vdi, Variant::Standard, 3 * MIB);
    files.copy_image(&source, &copy, &new).unwrap();
    assert_eq!(files.copy_image(&source, &copy, &new), Err(FileError::AlreadyExists));
    files.resize_image(&copy, 9 * MIB).unwrap();
    let info = files.probe(&copy, MediumKind::HardDisk).unwrap();
    assert_eq!((info.capacity, info.id), (9 * MIB, Some(new.id)));
    assert_eq!(ImageReader::open(&copy).unwrap().read_at(MIB, 3).unwrap(), b"key");
    assert_eq!(files.names(&folder.path().join("sub")), ["b.vdi"]);
}

#[test]
fn what_cannot_be_written_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.vmdk");
    let create = |path: &Path, capacity| {
        let image = image(ImageFormat::Vmdk, Variant::Standard, capacity);
        ImageWriter::create(path, &image).map(drop)
    };
    assert_eq!(create(&path, 1_000_001), Err(FileError::NotAligned));
    assert_eq!(create(&path, 0), Err(FileError::NotSupported));
    assert_eq!(create(&path, u64::MAX - 511), Err(FileError::NotSupported));
    assert_eq!(create(&folder.path().join("no/x.vmdk"), MIB), Err(FileError::NotFound));
    assert_eq!(create(&path, MIB), Ok(()));
    assert!(!path.exists(), "an unfinished image is removed");
    let mut full = HostFiles::default();
    full.set_full(true);
    let image = image(ImageFormat::Vdi, Variant::Standard, MIB);
    assert_eq!(full.create_image(&path, &image), Err(FileError::Full));
    assert!(!path.exists());
}

#[test]
fn dvds_are_files_of_at_least_a_sector() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.iso");
    let files = HostFiles::default();
    let probe = || files.probe(&path, MediumKind::Dvd).map(|info| info.capacity);
    assert_eq!(probe(), Err(FileError::NotFound));
    for (length, expected) in
        [(0, Err(FileError::NotSupported)), (5, Err(FileError::NotSupported)), (4096, Ok(4096))]
    {
        std::fs::write(&path, vec![0; length]).unwrap();
        assert_eq!(probe(), expected);
    }
    assert_eq!(files.probe(&path, MediumKind::HardDisk), Err(FileError::NotSupported));
}

proptest! {
    /// Damaged headers never end in a panic or in a huge allocation.
    #[test]
    fn damaged_images_are_errors(
        which in 0_usize..6,
        changes in proptest::collection::vec((0_usize..2048, any::<u8>()), 1..20),
        length in 0_usize..6_000,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (format, variant) = all()[which];
        let path = folder.path().join("disk.vmdk");
        write(&path, &image(format, variant, MIB), &[(0, b"start")]);
        let mut bytes = std::fs::read(&path).unwrap();
        for (at, byte) in changes {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        bytes.truncate(bytes.len().saturating_sub(length));
        std::fs::write(&path, bytes).unwrap();
        if let Ok(mut reader) = ImageReader::open(&path) {
            let _ = reader.read_at(0, 4096);
        }
        let _ = public_keys(&path);
    }
}
