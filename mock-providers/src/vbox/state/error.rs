//! Errors as VirtualBox's objects report them.

use std::fmt;

/// Result code of a COM call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResultCode {
    /// Not there.
    ObjectNotFound,
    /// The state of the VM does not fit.
    InvalidVmState,
    /// The VM process failed.
    VmError,
    /// A file could not be made, opened or removed.
    FileError,
    /// The runtime library failed.
    IprtError,
    /// The state of another object does not fit, for example a lock.
    InvalidObjectState,
    /// Not offered.
    NotSupported,
    /// Somebody uses it.
    ObjectInUse,
    /// Refused.
    AccessDenied,
    /// A value that cannot be.
    InvalidArgument,
    /// Any other failure.
    Failure,
    /// Not offered on this system.
    NotImplemented,
    /// Not expected at all.
    Unexpected,
}

impl ResultCode {
    /// Name and number, as XPCOM (Linux, macOS) has them.
    fn parts(self) -> (&'static str, u32) {
        match self {
            Self::ObjectNotFound => ("VBOX_E_OBJECT_NOT_FOUND", 0x80bb_0001),
            Self::InvalidVmState => ("VBOX_E_INVALID_VM_STATE", 0x80bb_0002),
            Self::VmError => ("VBOX_E_VM_ERROR", 0x80bb_0003),
            Self::FileError => ("VBOX_E_FILE_ERROR", 0x80bb_0004),
            Self::IprtError => ("VBOX_E_IPRT_ERROR", 0x80bb_0005),
            Self::InvalidObjectState => ("VBOX_E_INVALID_OBJECT_STATE", 0x80bb_0007),
            Self::NotSupported => ("VBOX_E_NOT_SUPPORTED", 0x80bb_0009),
            Self::ObjectInUse => ("VBOX_E_OBJECT_IN_USE", 0x80bb_000c),
            Self::AccessDenied => ("E_ACCESSDENIED", 0x8007_0005),
            Self::InvalidArgument => ("NS_ERROR_INVALID_ARG", 0x8007_0057),
            Self::Failure => ("NS_ERROR_FAILURE", 0x8000_4005),
            Self::NotImplemented => ("NS_ERROR_NOT_IMPLEMENTED", 0x8000_4001),
            Self::Unexpected => ("NS_ERROR_UNEXPECTED", 0x8000_ffff),
        }
    }

    /// For example `VBOX_E_FILE_ERROR`.
    pub fn name(self) -> &'static str {
        self.parts().0
    }

    /// For example `0x80bb0004`.
    pub fn number(self) -> u32 {
        self.parts().1
    }

    /// What VBoxManage says when there is no text with a code.
    pub fn description(self) -> &'static str {
        match self {
            Self::AccessDenied => "Access denied",
            Self::InvalidArgument => "Invalid argument value",
            Self::NotImplemented => "Not implemented",
            Self::Unexpected => "Unexpected error",
            _ => "Operation failed",
        }
    }
}

/// Kind of object that refused: the server's class and its interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// For example `MachineWrap`.
    pub class: &'static str,
    /// For example `IMachine`.
    pub interface: &'static str,
}

/// Objects that refuse things.
impl Component {
    const fn new(class: &'static str, interface: &'static str) -> Self {
        Self { class, interface }
    }

    pub(crate) const VIRTUAL_BOX: Self = Self::new("VirtualBoxWrap", "IVirtualBox");
    pub(crate) const MACHINE: Self = Self::new("MachineWrap", "IMachine");
    pub(crate) const SESSION_MACHINE: Self = Self::new("SessionMachine", "IMachine");
    /// What the session of a VM process reports.
    pub(crate) const SESSION_OF_MACHINE: Self = Self::new("SessionMachine", "ISession");
    pub(crate) const SESSION: Self = Self::new("SessionWrap", "ISession");
    pub(crate) const CONSOLE: Self = Self::new("ConsoleWrap", "IConsole");
    pub(crate) const MEDIUM: Self = Self::new("MediumWrap", "IMedium");
    pub(crate) const NAT_ENGINE: Self = Self::new("NATEngineWrap", "INATEngine");
    pub(crate) const NETWORK_ADAPTER: Self = Self::new("NetworkAdapterWrap", "INetworkAdapter");
    pub(crate) const GRAPHICS_ADAPTER: Self = Self::new("GraphicsAdapterWrap", "IGraphicsAdapter");
    pub(crate) const STORAGE_CONTROLLER: Self = Self::new("StorageControllerWrap", "IStorageController");
    pub(crate) const SHARED_FOLDER: Self = Self::new("SharedFolderWrap", "ISharedFolder");
    pub(crate) const HOST: Self = Self::new("HostWrap", "IHost");
    pub(crate) const HOST_INTERFACE: Self = Self::new("HostNetworkInterfaceWrap", "IHostNetworkInterface");
    pub(crate) const DHCP_SERVER: Self = Self::new("DHCPServerWrap", "IDHCPServer");
}

/// The call of VBoxManage that failed: expression, line and source file.
pub(crate) type CallSite = (&'static str, u32, &'static str);

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VBoxError {
    /// Result code.
    pub code: ResultCode,
    /// Who refused; without a text nobody says.
    pub component: Component,
    /// Text; may have many lines.
    pub message: Option<String>,
    /// Whether the error came from the call itself, and not from something that the call started.
    pub callee: bool,
    /// Where VBoxManage was, if it says so.
    pub context: Option<CallSite>,
}

impl VBoxError {
    /// An error that a call returns.
    pub(crate) fn new(code: ResultCode, component: Component, message: impl Into<String>) -> Self {
        Self { code, component, message: Some(message.into()), callee: true, context: None }
    }

    /// An error without a text.
    pub(crate) fn bare(code: ResultCode, component: Component) -> Self {
        Self { message: None, ..Self::new(code, component, "") }
    }

    /// An error of something that a call started and that failed later.
    pub(crate) fn later(code: ResultCode, component: Component, message: impl Into<String>) -> Self {
        Self { callee: false, ..Self::new(code, component, message) }
    }

    /// The same with the place in VBoxManage, if it has none yet.
    #[must_use]
    pub(crate) fn context(mut self, call: &'static str, line: u32, file: &'static str) -> Self {
        self.context.get_or_insert((call, line, file));
        self
    }

    pub(crate) fn no_machine(name: &str) -> Self {
        let text = format!("Could not find a registered machine named '{name}'");
        Self::new(ResultCode::ObjectNotFound, Component::VIRTUAL_BOX, text)
    }

    pub(crate) fn limited() -> Self {
        let text = "The object functionality is limited";
        Self::new(ResultCode::AccessDenied, Component::MACHINE, text)
    }

    pub(crate) fn not_ready(component: Component) -> Self {
        Self::new(ResultCode::AccessDenied, component, "The object is not ready")
    }

    pub(crate) fn locked(machine: &str) -> Self {
        let text = format!("The machine '{machine}' is already locked for a session (or being unlocked)");
        Self::new(ResultCode::InvalidObjectState, Component::MACHINE, text)
    }

    pub(crate) fn locked_by_session(machine: &str) -> Self {
        let text =
            format!("The machine '{machine}' is already locked by a session (or being locked or unlocked)");
        Self::new(ResultCode::InvalidObjectState, Component::MACHINE, text)
    }

    pub(crate) fn lock_pending(machine: &str) -> Self {
        let text = format!("The machine '{machine}' already has a lock request pending");
        Self::new(ResultCode::InvalidObjectState, Component::MACHINE, text)
    }

    pub(crate) fn invalid_argument(component: Component, text: impl Into<String>) -> Self {
        Self::new(ResultCode::InvalidArgument, component, text)
    }
}

impl fmt::Display for VBoxError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code;
        match &self.message {
            Some(message) => write!(formatter, "{message} ({} of {})", code.name(), self.component.class),
            None => write!(formatter, "{} ({})", code.description(), code.name()),
        }
    }
}

impl std::error::Error for VBoxError {}
