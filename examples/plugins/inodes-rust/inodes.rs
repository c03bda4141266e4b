//! inodes-rust: the check of ../inodes in Rust, with the standard library alone. The interface is plain C, and no panic may
//! cross it: this is built with panic=abort, so that a panic is a crash of this one call, which the host reports as such.
mod belay;

use belay::{Ctx, Host, Metric, Opt, Plugin, Status, Step, NONE};
use std::ffi::{c_char, c_int, c_ulong, CStr, CString};

/// struct statvfs of 64-bit Linux with the GNU C library.
#[repr(C)]
#[derive(Default)]
struct StatVfs {
    bsize: c_ulong,
    frsize: c_ulong,
    blocks: u64,
    bfree: u64,
    bavail: u64,
    files: u64,
    ffree: u64,
    favail: u64,
    fsid: c_ulong,
    flag: c_ulong,
    namemax: c_ulong,
    spare: [c_int; 6],
}

extern "C" {
    fn statvfs(path: *const c_char, ret: *mut StatVfs) -> c_int;
}

fn free_share(path: &CStr) -> std::io::Result<Option<f64>> {
    let mut fs = StatVfs::default();
    if unsafe { statvfs(path.as_ptr(), &mut fs) } != 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok((fs.files != 0).then(|| 100.0 * fs.favail as f64 / fs.files as f64))
}

unsafe extern "C" fn verify(c: *mut Ctx, h: *const Host) -> Status {
    let h = &*h;
    let path = CStr::from_ptr((h.opt_str)(c, text!("path"))); // required, so it is there
    match free_share(path) {
        Ok(Some(share)) => (h.measure)(c, text!("free"), share),
        Ok(None) => {
            (h.log)(c, 1, text!("this file system makes inodes as it needs them").0);
            (h.measure)(c, text!("free"), 100.0)
        }
        Err(e) => {
            let why = format!("the file system of '{}' cannot be looked at: {}", path.to_string_lossy(), e);
            let why = CString::new(why).unwrap_or_default();
            (h.explain)(c, why.as_ptr(), text!("name a path that is there"), text!("path"));
            belay::E_RETRY
        }
    }
}

static OPTIONS: [Opt; 1] = [Opt {
    name: text!("path"),
    kind: belay::T_PATH,
    flags: belay::F_REQUIRED,
    def: NONE,
    choices: std::ptr::null(),
    min: 0,
    max: 0,
    doc: text!("A file or folder on the file system to look at."),
    example: text!("/var/lib/docker"),
}];

static METRICS: [Metric; 1] = [Metric {
    name: text!("free"),
    unit: text!("%"),
    doc: text!("Inodes that are free."),
    warn: text!("< 20"),
    fail: text!("< 5"),
}];

static STEPS: [Step; 1] = [Step {
    name: text!("free"),
    doc: text!("Checks that a file system has room for more files."),
    flags: belay::S_READ_ONLY,
    default_timeout_ms: 0,
    options: OPTIONS.as_ptr(),
    option_count: OPTIONS.len() as u32,
    option_stride: std::mem::size_of::<Opt>() as u32,
    outputs: std::ptr::null(),
    output_count: 0,
    output_stride: 0,
    metrics: METRICS.as_ptr(),
    metric_count: METRICS.len() as u32,
    metric_stride: std::mem::size_of::<Metric>() as u32,
    prepare: None,
    execute: None,
    verify: Some(verify),
    rollback: None,
    discard: None,
}];

static PLUGIN: Plugin = Plugin {
    struct_size: std::mem::size_of::<Plugin>() as u32,
    built_minor: 0,
    needs_minor: 0,
    undo_format: 0,
    undo_format_oldest: 0,
    step_count: STEPS.len() as u32,
    step_stride: std::mem::size_of::<Step>() as u32,
    steps: STEPS.as_ptr(),
    name: text!("inodes-rust"),
    version: text!("0.1.0"),
    license: NONE,
    contact: NONE,
    doc: text!("Inodes of file systems, in Rust."),
};

#[no_mangle]
pub extern "C" fn belay_plugin_v1() -> *const Plugin {
    &PLUGIN
}
