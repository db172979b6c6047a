//! What the same DLL exports for layers: those answer that they are not implemented.

hcs_bridge::not_implemented! {
    ActivateLayer CopyLayer CreateLayer CreateSandboxLayer DeactivateLayer DestroyLayer ExpandSandboxSize
    ExportLayer GetBaseImages GetLayerMountPath GrantVmAccess ImportLayer LayerExists NameToGuid PrepareLayer
    ProcessBaseImage ProcessUtilityImage UnprepareLayer
}
