//! Where in VBoxManage 7.2.22 calls are made: expression, line and file, as error messages name them.

use super::CallSite;

/// `FindMachine` with the usual second argument.
macro_rules! find {
    ($name:ident, $argument:literal, $line:literal, $file:literal) => {
        pub(super) const $name: CallSite =
            (concat!("FindMachine(Bstr(", $argument, ").raw(), machine.asOutParam())"), $line, $file);
    };
}

const CONTROL: &str = "VBoxManageControlVM.cpp";
const DISK: &str = "VBoxManageDisk.cpp";
const MISC: &str = "VBoxManageMisc.cpp";
const MODIFY: &str = "VBoxManageModifyVM.cpp";
const STORAGE: &str = "VBoxManageStorageController.cpp";
const SNAPSHOT: &str = "VBoxManageSnapshot.cpp";

find!(FIND_SHOW, "VMNameOrUuid", 3248, "VBoxManageInfo.cpp");
find!(FIND_MODIFY, "a->argv[0]", 893, "VBoxManageModifyVM.cpp");
find!(FIND_START, "pszVM", 907, "VBoxManageMisc.cpp");
find!(FIND_CONTROL, "a->argv[0]", 363, "VBoxManageControlVM.cpp");
find!(FIND_UNREGISTER, "VMName", 228, "VBoxManageMisc.cpp");
find!(FIND_CONTROLLER, "a->argv[0]", 1054, "VBoxManageStorageController.cpp");
find!(FIND_PROPERTY, "a->argv[0]", 140, "VBoxManageGuestProp.cpp");
find!(FIND_ENUMERATE, "pszVmNameOrUuid", 325, "VBoxManageGuestProp.cpp");
find!(FIND_SET_EXTRA, "a->argv[0]", 1438, "VBoxManageMisc.cpp");
find!(FIND_EXTRA, "a->argv[0]", 1378, "VBoxManageMisc.cpp");
find!(FIND_DISCARD, "a->argv[0]", 1280, "VBoxManageMisc.cpp");
pub(super) const FIND_SNAPSHOT: CallSite =
    ("FindMachine(bstrMachine.raw(), pMachine.asOutParam())", 344, SNAPSHOT);
pub(super) const FIND_FOLDER: CallSite =
    ("FindMachine(Bstr(pszMachineName).raw(), ptrMachine.asOutParam())", 1701, MISC);

pub(super) const LOCK_SHOW: CallSite =
    ("LockMachine(a->session, LockType_Shared)", 3328, "VBoxManageInfo.cpp");
pub(super) const READ_LOG: CallSite =
    ("ReadLog(uLogIdx, (LONG64)uOffset, _1M, ComSafeArrayAsOutParam(aLogData))", 3290, "VBoxManageInfo.cpp");
pub(super) const LOCK_MODIFY: CallSite = ("LockMachine(a->session, LockType_Write)", 901, MODIFY);
pub(super) const LOCK_CONTROL: CallSite = ("LockMachine(a->session, LockType_Shared)", 369, CONTROL);
pub(super) const LOCK_DISCARD: CallSite = ("LockMachine(a->session, LockType_Write)", 1287, MISC);
pub(super) const LOCK_CONTROLLER: CallSite = ("LockMachine(a->session, LockType_Write)", 1058, STORAGE);
pub(super) const LOCK_FOLDER: CallSite = ("LockMachine(a->session, LockType_Write)", 1726, MISC);
pub(super) const LOCK_PROPERTY: CallSite =
    ("LockMachine(a->session, LockType_Shared)", 145, "VBoxManageGuestProp.cpp");

pub(super) const CREATE: CallSite = (
    "CreateMachine(bstrSettingsFile.raw(), bstrName.raw(), platformArch, ComSafeArrayAsInParam(groups), \
     bstrOsTypeId.raw(), createFlags.raw(), bstrCipher.raw(), bstrPasswordId.raw(), Bstr(strPassword).raw(), \
     machine.asOutParam())",
    429,
    MISC,
);
pub(super) const CREATE_SAVE: CallSite = ("SaveSettings()", 441, MISC);
pub(super) const CREATE_REGISTER: CallSite = ("RegisterMachine(machine)", 450, MISC);
pub(super) const OPEN: CallSite =
    ("OpenMachine(Bstr(a->argv[0]).raw(), Bstr(strPassword).raw(), machine.asOutParam()))", 159, MISC);
pub(super) const OPEN_REGISTER: CallSite = ("RegisterMachine(machine)", 166, MISC);
pub(super) const UNREGISTER: CallSite = (
    "Unregister(fDeleteAll ? CleanupMode_DetachAllReturnHardDisksAndVMRemovable \
     :CleanupMode_DetachAllReturnHardDisksOnly, ComSafeArrayAsOutParam(aMedia))",
    232,
    MISC,
);
pub(super) const DELETE_CONFIG: CallSite =
    ("DeleteConfig(ComSafeArrayAsInParam(aMedia), pProgress.asOutParam())", 239, MISC);
pub(super) const LAUNCH: CallSite = (
    "LaunchVMProcess(a->session, sessionType.raw(), ComSafeArrayAsInParam(aBstrEnv), progress.asOutParam())",
    920,
    MISC,
);
pub(super) const DISCARD: CallSite = ("DiscardSavedState(true )", 1292, MISC);
pub(super) const ADOPT: CallSite = ("AdoptSavedState(Bstr(szStateFileAbs).raw())", 1327, MISC);
pub(super) const ADOPT_LOCK: CallSite = ("LockMachine(a->session, LockType_Write)", 1322, MISC);

pub(super) const PAUSE: CallSite = ("Pause()", 388, CONTROL);
pub(super) const RESUME: CallSite = ("Resume()", 393, CONTROL);
pub(super) const RESET: CallSite = ("Reset()", 398, CONTROL);
pub(super) const POWER_DOWN: CallSite = ("PowerDown(progress.asOutParam())", 602, CONTROL);
pub(super) const POWER_BUTTON: CallSite = ("PowerButton()", 658, CONTROL);
pub(super) const SLEEP_BUTTON: CallSite = ("SleepButton()", 663, CONTROL);
pub(super) const SAVE_STATE: CallSite = ("SaveState(progress.asOutParam())", 640, CONTROL);

/// `AddRedirect`, by the line.
const fn redirect(line: u32, file: &'static str) -> CallSite {
    (
        "AddRedirect(Bstr(strName).raw(), proto, Bstr(strHostIp).raw(), RTStrToUInt16(strHostPort), \
         Bstr(strGuestIp).raw(), RTStrToUInt16(strGuestPort))",
        line,
        file,
    )
}
pub(super) const CONTROL_ADD_RULE: CallSite = redirect(1010, CONTROL);
pub(super) const CONTROL_REMOVE_RULE: CallSite = ("RemoveRedirect(Bstr(a->argv[3]).raw())", 961, CONTROL);
pub(super) const MODIFY_ADD_RULE: CallSite = redirect(2251, MODIFY);
pub(super) const MODIFY_REMOVE_RULE: CallSite = ("RemoveRedirect(Bstr(ValueUnion.psz).raw())", 2264, MODIFY);
pub(super) const SET_NAME: CallSite = ("COMSETTER(Name)(Bstr(ValueUnion.psz).raw())", 928, MODIFY);
pub(super) const SET_MEMORY: CallSite = ("COMSETTER(MemorySize)(ValueUnion.u32)", 988, MODIFY);
pub(super) const SET_VIDEO_MEMORY: CallSite = ("COMSETTER(VRAMSize)(ValueUnion.u32)", 1000, MODIFY);
pub(super) const SET_CPUS: CallSite = ("COMSETTER(CPUCount)(ValueUnion.u32)", 1083, MODIFY);
pub(super) const SET_BOOT: CallSite = ("SetBootOrder(GetOptState.uIndex, DeviceType_HardDisk)", 1281, MODIFY);
pub(super) const SET_HOST_ONLY: CallSite = ("COMSETTER(HostOnlyInterface)(Bstr().raw())", 2040, MODIFY);
pub(super) const SET_MAC: CallSite = ("COMSETTER(MACAddress)(Bstr(ValueUnion.psz).raw())", 2461, MODIFY);
pub(super) const MODIFY_SAVE: CallSite = ("SaveSettings()", 3863, MODIFY);

pub(super) const ADD_CONTROLLER: CallSite =
    ("AddStorageController(Bstr(pszCtl).raw(), StorageBus_SATA, ctl.asOutParam())", 1088, STORAGE);
pub(super) const REMOVE_CONTROLLER: CallSite = ("RemoveStorageController(Bstr(pszCtl).raw())", 1072, STORAGE);
pub(super) const FIND_CONTROLLER_NAME: CallSite =
    ("GetStorageControllerByName(Bstr(pszCtl).raw(), ctl.asOutParam())", 1205, STORAGE);
pub(super) const SET_PORT_COUNT: CallSite = ("COMSETTER(PortCount)(portcount)", 1212, STORAGE);
pub(super) const DETACH: CallSite = ("DetachDevice(Bstr(pszCtl).raw(), port, device)", 413, STORAGE);
pub(super) const ATTACH_DISK: CallSite =
    ("AttachDevice(Bstr(pszCtl).raw(), port, device, DeviceType_HardDisk, pMedium2Mount)", 782, STORAGE);
pub(super) const ATTACH_DVD: CallSite =
    ("AttachDevice(Bstr(pszCtl).raw(), port, device, deviceTypeRequested, NULL)", 449, STORAGE);

pub(super) const OPEN_MEDIUM: CallSite = (
    "OpenMedium(Bstr(pszFilenameOrUuid).raw(), enmDevType, enmAccessMode, fForceNewUuidOnOpen, pMedium.asOutParam())",
    197,
    DISK,
);
pub(super) const CREATE_MEDIUM: CallSite = (
    "CreateMedium(Bstr(pszFormat).raw(), Bstr(pszFilename).raw(), enmAccessMode, enmDevType, pMedium.asOutParam())",
    231,
    DISK,
);
pub(super) const CREATE_PROGRESS: CallSite = ("RTEXITCODE handleCreateMedium(HandlerArg*)", 630, DISK);
pub(super) const CLONE_TO: CallSite =
    ("CloneTo(pDstMedium, ComSafeArrayAsInParam(l_variants), NULL, pProgress.asOutParam())", 1203, DISK);
pub(super) const CLONE_PROGRESS: CallSite = ("RTEXITCODE handleCloneMedium(HandlerArg*)", 1208, DISK);
pub(super) const RESIZE: CallSite = ("Resize((LONG64)cbResize, pProgress.asOutParam())", 931, DISK);
pub(super) const RESIZE_PROGRESS: CallSite = ("RTEXITCODE handleModifyMedium(HandlerArg*)", 937, DISK);
pub(super) const CLOSE: CallSite = ("Close()", 1877, DISK);
pub(super) const DELETE_STORAGE: CallSite = ("DeleteStorage(pProgress.asOutParam())", 1868, DISK);

pub(super) const ADD_FOLDER: CallSite = (
    "CreateSharedFolder(Bstr(pszName).raw(), Bstr(szAbsHostPath).raw(), fWritable, fAutoMount, \
     Bstr(pszAutoMountPoint).raw())",
    1732,
    MISC,
);
pub(super) const REMOVE_FOLDER: CallSite = ("RemoveSharedFolder(Bstr(pszName).raw())", 1836, MISC);
pub(super) const SET_GUEST_PROPERTY: CallSite = (
    "SetGuestProperty(Bstr(pszName).raw(), Bstr(pszValue).raw(), Bstr(pszFlags).raw())",
    154,
    "VBoxManageGuestProp.cpp",
);

const HOST_ONLY: &str = "VBoxManageHostonly.cpp";
const DHCP: &str = "VBoxManageDHCPServer.cpp";
pub(super) const FIND_INTERFACE_REMOVE: CallSite =
    ("FindHostNetworkInterfaceByName(Bstr(pszName).raw(), hif.asOutParam())", 150, HOST_ONLY);
pub(super) const FIND_INTERFACE_CONFIGURE: CallSite =
    ("FindHostNetworkInterfaceByName(Bstr(pszName).raw(), hif.asOutParam())", 242, HOST_ONLY);
pub(super) const CREATE_INTERFACE: CallSite = ("RTEXITCODE handleCreate(HandlerArg*)", 105, HOST_ONLY);
pub(super) const REMOVE_INTERFACE: CallSite =
    ("RemoveHostOnlyNetworkInterface(guid.raw(), progress.asOutParam())", 156, HOST_ONLY);
pub(super) const USE_DHCP: CallSite = ("EnableDynamicIPConfig()", 247, HOST_ONLY);
pub(super) const SET_ADDRESS: CallSite =
    ("EnableStaticIPConfig(Bstr(pszIp).raw(), Bstr(pszNetmask).raw())", 252, HOST_ONLY);
pub(super) const DHCP_INTERFACE: CallSite =
    ("FindHostNetworkInterfaceByName(Bstr(pCtx->pszInterface).mutableRaw(), hif.asOutParam())", 927, DHCP);
pub(super) const DHCP_CONFIGURE: CallSite = (
    "SetConfiguration(bstrServerIp.raw(), bstrNetmask.raw(), bstrLowerIp.raw(), bstrUpperIp.raw())",
    980,
    DHCP,
);
pub(super) const TAKE_SNAPSHOT: CallSite = (
    "TakeSnapshot(name.raw(), desc.raw(), fPause, snapId.asOutParam(), progress.asOutParam())",
    487,
    SNAPSHOT,
);
pub(super) const FIND_SNAPSHOT_NAME: CallSite =
    ("FindSnapshot(Bstr(a->argv[2]).raw(), pSnapshot.asOutParam())", 537, SNAPSHOT);
pub(super) const RESTORE_SNAPSHOT: CallSite =
    ("RestoreSnapshot(pSnapshot, pProgress.asOutParam())", 560, SNAPSHOT);
pub(super) const DELETE_SNAPSHOT: CallSite =
    ("DeleteSnapshot(bstrSnapGuid.raw(), pProgress.asOutParam())", 583, SNAPSHOT);
pub(super) const FIND_LEASE: CallSite = (
    "FindLeaseByMAC(Bstr(szMac).raw(), 0 , bstrAddress.asOutParam(), bstrState.asOutParam(), &secIssued, &secExpire)",
    1252,
    DHCP,
);
