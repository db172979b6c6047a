//! The processes of the session, less the agent and Wine's own.
#![expect(unsafe_code, reason = "toolhelp and process time calls")]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use hcs_guest_protocol::{Failure, ProcessRow};
use windows_sys::Win32::Foundation::{FILETIME, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS,
};
use windows_sys::Win32::System::ProcessStatus::{
    K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS, PROCESS_MEMORY_COUNTERS_EX,
};
use windows_sys::Win32::System::Threading::{
    GetProcessTimes, OpenProcess, PROCESS_QUERY_INFORMATION, PROCESS_VM_READ, QueryFullProcessImageNameW,
};

use super::failure::last;
use super::size::size_of_u32;

/// Programs that make up a session and are not the user's, by full path in lower case.
const OF_THE_SESSION: &[&str] = &[
    r"c:\windows\explorer.exe",
    r"c:\windows\system32\agent.exe",
    r"c:\windows\system32\conhost.exe",
    r"c:\windows\system32\explorer.exe",
    r"c:\windows\system32\launcher.exe",
    r"c:\windows\system32\plugplay.exe",
    r"c:\windows\system32\rpcss.exe",
    r"c:\windows\system32\services.exe",
    r"c:\windows\system32\svchost.exe",
    r"c:\windows\system32\wineboot.exe",
    r"c:\windows\system32\winedevice.exe",
];

/// Every process of the user; those in `always` also when their file is one of the session's.
pub(crate) fn processes(always: &[u32]) -> Result<Vec<ProcessRow>, Failure> {
    // SAFETY: no pointers.
    let raw = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0) };
    if raw == INVALID_HANDLE_VALUE {
        return Err(last("CreateToolhelp32Snapshot"));
    }
    // SAFETY: a valid new handle that nobody else owns.
    let snapshot = unsafe { OwnedHandle::from_raw_handle(raw) };
    let mut entry = PROCESSENTRY32W { dwSize: size_of_u32::<PROCESSENTRY32W>(), ..Default::default() };
    let mut rows = Vec::new();
    // SAFETY: the snapshot is open, the entry is a live local whose size is set.
    let mut more = unsafe { Process32FirstW(snapshot.as_raw_handle(), &raw mut entry) };
    while more != 0 {
        if let Some(row) = row(&entry, always) {
            rows.push(row);
        }
        // SAFETY: as above.
        more = unsafe { Process32NextW(snapshot.as_raw_handle(), &raw mut entry) };
    }
    Ok(rows)
}

fn row(entry: &PROCESSENTRY32W, always: &[u32]) -> Option<ProcessRow> {
    let pid = entry.th32ProcessID;
    let end = entry.szExeFile.iter().position(|&unit| unit == 0).unwrap_or(entry.szExeFile.len());
    let name = String::from_utf16_lossy(&entry.szExeFile[..end]);
    let image = name.rsplit('\\').next().unwrap_or(&name).to_owned();
    let mut row = ProcessRow {
        pid,
        parent: entry.th32ParentProcessID,
        image,
        created_100ns: 0,
        user_100ns: 0,
        kernel_100ns: 0,
        private_bytes: 0,
        working_set_bytes: 0,
    };
    // SAFETY: no pointers.
    let raw = unsafe { OpenProcess(PROCESS_QUERY_INFORMATION | PROCESS_VM_READ, 0, pid) };
    if raw.is_null() {
        // It has ended since the snapshot.
        return None;
    }
    // SAFETY: not null, so a new handle that nobody else owns.
    let process = unsafe { OwnedHandle::from_raw_handle(raw) };
    let of_the_session = |path: String| OF_THE_SESSION.contains(&path.to_ascii_lowercase().as_str());
    if !always.contains(&pid) && path(&process).is_some_and(of_the_session) {
        return None;
    }
    times(&process, &mut row);
    memory(&process, &mut row);
    Some(row)
}

fn path(process: &OwnedHandle) -> Option<String> {
    let mut length = 1024;
    let mut buffer = [0u16; 1024];
    // SAFETY: the handle is open, the buffer is writable for `length` units.
    let ok = unsafe {
        QueryFullProcessImageNameW(process.as_raw_handle(), 0, buffer.as_mut_ptr(), &raw mut length)
    };
    let text = buffer.get(..length as usize)?;
    (ok != 0).then(|| String::from_utf16_lossy(text))
}

fn times(process: &OwnedHandle, row: &mut ProcessRow) {
    let [mut created, mut ended, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: the handle is open, all four results go to live locals.
    let ok = unsafe {
        GetProcessTimes(
            process.as_raw_handle(),
            &raw mut created,
            &raw mut ended,
            &raw mut kernel,
            &raw mut user,
        )
    };
    if ok != 0 {
        let value = |t: FILETIME| u64::from(t.dwHighDateTime) << 32 | u64::from(t.dwLowDateTime);
        row.created_100ns = value(created);
        row.kernel_100ns = value(kernel);
        row.user_100ns = value(user);
    }
}

fn memory(process: &OwnedHandle, row: &mut ProcessRow) {
    let size = size_of_u32::<PROCESS_MEMORY_COUNTERS_EX>();
    let mut counters = PROCESS_MEMORY_COUNTERS_EX { cb: size, ..Default::default() };
    // SAFETY: the handle is open, the structure is a live local; the longer form is told by its size.
    let ok = unsafe {
        K32GetProcessMemoryInfo(
            process.as_raw_handle(),
            (&raw mut counters).cast::<PROCESS_MEMORY_COUNTERS>(),
            size,
        )
    };
    if ok != 0 {
        row.working_set_bytes = counters.WorkingSetSize as u64;
        // Wine 8 leaves PrivateUsage at 0 and counts the same pages as page file use.
        row.private_bytes = counters.PrivateUsage.max(counters.PagefileUsage) as u64;
    }
}
