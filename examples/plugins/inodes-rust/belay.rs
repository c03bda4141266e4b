//! belay/plugin.h, as far as a check needs it: ABI 1, minor 0. The structs are whole, since a table is read by its stride;
//! of the host's functions those are typed that are used, the others only keep their places.
#![allow(dead_code)]
use std::ffi::{c_char, c_void};

pub type Status = i32;
pub const OK: Status = 0;
pub const E_RETRY: Status = -2;

pub const T_PATH: u32 = 7;
pub const F_REQUIRED: u32 = 1;
pub const S_READ_ONLY: u32 = 1;

/// A C string constant. Pointers to constants may be shared, which Rust does not know.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Text(pub *const c_char);
unsafe impl Sync for Text {}
pub const NONE: Text = Text(std::ptr::null());

#[macro_export]
macro_rules! text {
    ($s:literal) => {
        $crate::belay::Text(concat!($s, "\0").as_ptr() as *const std::ffi::c_char)
    };
}

#[repr(C)]
pub struct Opt {
    pub name: Text,
    pub kind: u32,
    pub flags: u32,
    pub def: Text,
    pub choices: *const Text,
    pub min: i64,
    pub max: i64,
    pub doc: Text,
    pub example: Text,
}
unsafe impl Sync for Opt {}

#[repr(C)]
pub struct Metric {
    pub name: Text,
    pub unit: Text,
    pub doc: Text,
    pub warn: Text,
    pub fail: Text,
}

/// The call being made.
#[repr(C)]
pub struct Ctx {
    _opaque: [u8; 0],
}

type Unused = *const c_void;

#[repr(C)]
pub struct Host {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub opt_str: unsafe extern "C" fn(*mut Ctx, Text) -> *const c_char,
    opt_int: Unused,
    opt_list: Unused,
    pending: Unused,
    fact: Unused,
    plan: Unused,
    remember: Unused,
    recall: Unused,
    recall_at: Unused,
    output: Unused,
    pub measure: unsafe extern "C" fn(*mut Ctx, Text, f64) -> Status,
    pub log: unsafe extern "C" fn(*mut Ctx, i32, *const c_char),
    progress: Unused,
    keep: Unused,
    pub explain: unsafe extern "C" fn(*mut Ctx, *const c_char, Text, Text),
    // What follows is not used, and the host never moves what is above.
}

pub type Phase = Option<unsafe extern "C" fn(*mut Ctx, *const Host) -> Status>;

#[repr(C)]
pub struct Step {
    pub name: Text,
    pub doc: Text,
    pub flags: u32,
    pub default_timeout_ms: u32,
    pub options: *const Opt,
    pub option_count: u32,
    pub option_stride: u32,
    pub outputs: *const c_void,
    pub output_count: u32,
    pub output_stride: u32,
    pub metrics: *const Metric,
    pub metric_count: u32,
    pub metric_stride: u32,
    pub prepare: Phase,
    pub execute: Phase,
    pub verify: Phase,
    pub rollback: Phase,
    pub discard: Phase,
}
unsafe impl Sync for Step {}

#[repr(C)]
pub struct Plugin {
    pub struct_size: u32,
    pub built_minor: u32,
    pub needs_minor: u32,
    pub undo_format: u32,
    pub undo_format_oldest: u32,
    pub step_count: u32,
    pub step_stride: u32,
    pub steps: *const Step,
    pub name: Text,
    pub version: Text,
    pub license: Text,
    pub contact: Text,
    pub doc: Text,
}
unsafe impl Sync for Plugin {}

const _: () = assert!(std::mem::size_of::<Opt>() == 64);
const _: () = assert!(std::mem::size_of::<Metric>() == 40);
const _: () = assert!(std::mem::size_of::<Step>() == 112);
const _: () = assert!(std::mem::size_of::<Plugin>() == 80);
