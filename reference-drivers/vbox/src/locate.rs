use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The platforms on which VirtualBox is installed in different places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    Windows,
    MacOs,
    Other,
}

impl Platform {
    pub(crate) const THIS: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(target_os = "macos") {
        Self::MacOs
    } else {
        Self::Other
    };
}

/// Where VBoxManage is, in the order in which docker-machine's own driver looks: on Windows the variables of the
/// installer and the usual folder come before `PATH`, everywhere else `PATH` comes first.
pub(crate) fn vboxmanage(
    platform: Platform,
    variable: impl Fn(&str) -> Option<OsString>,
    is_file: impl Fn(&Path) -> bool,
) -> Option<PathBuf> {
    let name = match platform {
        Platform::Windows => "VBoxManage.exe",
        _ => "VBoxManage",
    };
    let named = ["VBOX_INSTALL_PATH", "VBOX_MSI_INSTALL_PATH"].map(&variable);
    let path = variable("PATH").unwrap_or_default();
    let path = std::env::split_paths(&path).collect::<Vec<_>>();
    let folders: Vec<PathBuf> = match platform {
        Platform::Windows => {
            let usual = variable("ProgramFiles").unwrap_or_else(|| r"C:\Program Files".into());
            let usual = PathBuf::from(usual).join("Oracle").join("VirtualBox");
            let named = named.into_iter().flatten().map(PathBuf::from);
            named.chain([usual]).chain(path).collect()
        }
        Platform::MacOs => {
            let usual = "/Applications/VirtualBox.app/Contents/MacOS";
            path.into_iter().chain([usual.into()]).collect()
        }
        Platform::Other => path,
    };
    folders.into_iter().map(|folder| folder.join(name)).find(|file| is_file(file))
}

/// Folder of VirtualBox's settings: what all machines of one registry share is kept there.
pub(crate) fn settings_folder(
    platform: Platform,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Option<PathBuf> {
    if let Some(folder) = variable("VBOX_USER_HOME").filter(|folder| !folder.is_empty()) {
        return Some(folder.into());
    }
    let home = PathBuf::from(variable(match platform {
        Platform::Windows => "USERPROFILE",
        _ => "HOME",
    })?);
    Some(match platform {
        Platform::Windows => home.join(".VirtualBox"),
        Platform::MacOs => home.join("Library").join("VirtualBox"),
        Platform::Other => variable("XDG_CONFIG_HOME")
            .filter(|folder| !folder.is_empty())
            .map_or_else(|| home.join(".config"), PathBuf::from)
            .join("VirtualBox"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(platform: Platform, variables: &[(&str, &str)], files: &[&str]) -> Option<PathBuf> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        vboxmanage(platform, variable, |file| files.iter().any(|known| Path::new(known) == file))
    }

    #[test]
    fn the_search_path_comes_first_except_on_windows() {
        let path = [("PATH", "/opt/bin:/usr/bin"), ("VBOX_INSTALL_PATH", "/elsewhere")];
        let both = ["/usr/bin/VBoxManage", "/elsewhere/VBoxManage"];
        assert_eq!(found(Platform::Other, &path, &both), Some("/usr/bin/VBoxManage".into()));
        assert_eq!(found(Platform::Other, &path, &["/elsewhere/VBoxManage"]), None);
        let app = "/Applications/VirtualBox.app/Contents/MacOS/VBoxManage";
        assert_eq!(found(Platform::MacOs, &path, &[app]), Some(app.into()));
        let installed = [("PATH", "/bin"), ("VBOX_INSTALL_PATH", "/new"), ("VBOX_MSI_INSTALL_PATH", "/old")];
        let everywhere = ["/old/VBoxManage.exe", "/new/VBoxManage.exe", "/bin/VBoxManage.exe"];
        assert_eq!(found(Platform::Windows, &installed, &everywhere), Some("/new/VBoxManage.exe".into()));
    }

    #[test]
    fn settings_are_where_virtualbox_has_them() {
        let folder = |platform, variables: &[(&str, &str)]| {
            settings_folder(platform, |name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| OsString::from(value))
            })
        };
        let home = ("HOME", "/home/a");
        let private = ("VBOX_USER_HOME", "/p");
        assert_eq!(folder(Platform::Other, &[home, private]), Some("/p".into()));
        assert_eq!(folder(Platform::Other, &[home]), Some("/home/a/.config/VirtualBox".into()));
        assert_eq!(folder(Platform::MacOs, &[home]), Some("/home/a/Library/VirtualBox".into()));
        assert_eq!(folder(Platform::Other, &[]), None);
    }
}
