//! What no host behind hcsd does: these answer that they are not implemented.
//!
//! Virtual machines' files and rights, live migration, namespaces of ids, crash reports. `docs/support/dlls.md` has the
//! reason of each.
#![expect(unsafe_code, reason = "exports")]

use hcs_contract::Hresult;

/// Exports that take whatever they are given and answer `E_NOTIMPL`.
macro_rules! not_implemented {
    ($($name:ident)*) => {
        $(
            // SAFETY: no other symbol of the DLL has this name.
            #[unsafe(no_mangle)]
            extern "system" fn $name() -> i32 {
                Hresult::E_NOTIMPL.to_i32()
            }
        )*
    };
}

// In the 64-bit convention the caller takes its arguments off, so that none need be declared.
not_implemented! {
    HcsGetOperationProperties HcsAddResourceToOperation HcsCreateComputeSystemInNamespace
    HcsOpenComputeSystemInNamespace HcsEnumerateComputeSystemsInNamespace HcsCrashComputeSystem
    HcsModifyServiceSettings HcsSubmitWerReport HcsCreateEmptyGuestStateFile HcsCreateEmptyRuntimeStateFile
    HcsGrantVmAccess HcsRevokeVmAccess HcsGrantVmGroupAccess HcsRevokeVmGroupAccess
    HcsGetProcessorCompatibilityFromSavedState HcsInitializeLiveMigrationOnSource HcsStartLiveMigrationOnSource
    HcsStartLiveMigrationTransfer HcsFinalizeLiveMigration HcsCancelLiveMigration
}
