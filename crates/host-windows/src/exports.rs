//! The exports of a DLL, each looked up when it is first called: an older Windows lacks some.

use std::ffi::{CStr, c_void};
use std::fmt;
use std::ptr::NonNull;

use hcs_contract::{Error, Hresult, ObjectKind, Result};

use crate::failure::failed;

/// Finds an export by its name.
pub(crate) type Lookup = Box<dyn Fn(&CStr) -> Option<NonNull<c_void>> + Send + Sync>;

/// A DLL that is loaded.
pub(crate) struct Library {
    /// As messages call it.
    pub(crate) name: &'static str,
    pub(crate) lookup: Lookup,
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A version of Windows, by its build.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Build {
    /// The first with containers.
    Server2016,
    /// The first with computecore.dll, and with signals.
    Server2019,
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server2016 => "14393 (Windows 10 1607, Server 2016)",
            Self::Server2019 => "17763 (Windows 10 1809, Server 2019)",
        })
    }
}

impl Library {
    /// What is said of an export that is not there.
    pub(crate) fn missing(&self, export: &'static str, build: Build) -> Error {
        let reason = format!("{} has no such export here; Windows has it from build {build} on", self.name);
        Error::not_supported(export, reason)
    }
}

/// Declares the table of a DLL's exports: for each name a function that gives the export, typed as `abi::NAME`.
macro_rules! exports {
    ($(#[$doc:meta])* struct $table:ident { $($name:ident from $build:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $table {
            library: $crate::exports::Library,
            $($name: ::std::sync::OnceLock<Option<abi::$name>>,)*
        }

        impl $table {
            pub(crate) fn new(library: $crate::exports::Library) -> Self {
                Self { library, $($name: ::std::sync::OnceLock::new(),)* }
            }

            $(
                /// # Errors
                /// Not supported: this Windows has no such export.
                pub(crate) fn $name(&self) -> ::hcs_contract::Result<abi::$name> {
                    const NAME: &::std::ffi::CStr = $crate::exports::c_name(concat!(stringify!($name), "\0"));
                    let found = self.$name.get_or_init(|| {
                        (self.library.lookup)(NAME).map(|export| {
                            // SAFETY: the export of this name has this signature: `hcs_abi` declares it so from
                            // the platform's headers, and the DLL is never unloaded.
                            unsafe { ::std::mem::transmute::<::std::ptr::NonNull<::std::ffi::c_void>, abi::$name>(export) }
                        })
                    });
                    let build = $crate::exports::Build::$build;
                    found.ok_or_else(|| self.library.missing(stringify!($name), build))
                }
            )*
        }
    };
}
pub(crate) use exports;

/// The name of an export as the loader takes it.
pub(crate) const fn c_name(name: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(name.as_bytes()) {
        Ok(name) => name,
        Err(_) => panic!("the macro puts one NUL behind the name"),
    }
}

/// What a call returned that says nothing else about its failure.
///
/// # Errors
/// What the code stands for.
pub(crate) fn success(code: i32, object: ObjectKind) -> Result<()> {
    if code < 0 { Err(failed(Hresult::from_i32(code), None, object)) } else { Ok(()) }
}
