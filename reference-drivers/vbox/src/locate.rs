use std::{ffi::OsString, path::PathBuf};

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

/// Where VBoxManage may be, in the order in which docker-machine's own driver looks: on Windows the variables of the
/// installer and the usual folder come before `PATH`, everywhere else `PATH` comes first.
pub(crate) fn folders(platform: Platform, variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    let path = std::env::split_paths(&path);
    match platform {
        Platform::Windows => {
            let named = ["VBOX_INSTALL_PATH", "VBOX_MSI_INSTALL_PATH"].into_iter().filter_map(&variable);
            let usual = variable("ProgramFiles").unwrap_or_else(|| r"C:\Program Files".into());
            let usual = PathBuf::from(usual).join("Oracle").join("VirtualBox");
            named.map(PathBuf::from).chain([usual]).chain(path).collect()
        }
        Platform::MacOs => path.chain(["/Applications/VirtualBox.app/Contents/MacOS".into()]).collect(),
        Platform::Other => path.collect(),
    }
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

    fn looked_at(platform: Platform, variables: &[(&str, &str)]) -> Vec<String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        folders(platform, variable).iter().map(|folder| folder.display().to_string()).collect()
    }

    #[test]
    fn the_search_path_comes_first_except_on_windows() {
        let path = [("PATH", "/opt/bin:/usr/bin"), ("VBOX_INSTALL_PATH", "/elsewhere")];
        assert_eq!(looked_at(Platform::Other, &path), ["/opt/bin", "/usr/bin"]);
        let app = "/Applications/VirtualBox.app/Contents/MacOS";
        assert_eq!(looked_at(Platform::MacOs, &path), ["/opt/bin", "/usr/bin", app]);
        let installed = [("PATH", "/bin"), ("VBOX_INSTALL_PATH", "/new"), ("VBOX_MSI_INSTALL_PATH", "/old")];
        let found = looked_at(Platform::Windows, &installed);
        assert_eq!((found.len(), [&*found[0], &*found[1], &*found[3]]), (4, ["/new", "/old", "/bin"]));
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
