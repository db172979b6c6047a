//! What the same DLL exports for networks and layers: those answer that they are not implemented.
#![expect(unsafe_code, reason = "exports")]

use hcs_contract::Hresult;

/// Exports that take whatever they are given and answer `E_NOTIMPL`; the list in `hcs-abi` is checked against the DLL.
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
    HNSCall ActivateLayer CopyLayer CreateLayer CreateSandboxLayer DeactivateLayer DestroyLayer ExpandSandboxSize
    ExportLayer GetBaseImages GetLayerMountPath GrantVmAccess ImportLayer LayerExists NameToGuid PrepareLayer
    ProcessBaseImage ProcessUtilityImage UnprepareLayer
}
