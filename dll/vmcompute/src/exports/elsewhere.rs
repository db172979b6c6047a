//! What the same DLL exports for networks and layers: those answer that they are not implemented.

hcs_bridge::not_implemented! {
    HNSCall ActivateLayer CopyLayer CreateLayer CreateSandboxLayer DeactivateLayer DestroyLayer ExpandSandboxSize
    ExportLayer GetBaseImages GetLayerMountPath GrantVmAccess ImportLayer LayerExists NameToGuid PrepareLayer
    ProcessBaseImage ProcessUtilityImage UnprepareLayer
}
