//! What no host behind hcsd does: these answer that they are not implemented.
//!
//! Virtual machines' files and rights, live migration, namespaces of ids, crash reports. `docs/support/dlls.md` has the
//! reason of each.

hcs_bridge::not_implemented! {
    HcsGetOperationProperties HcsAddResourceToOperation HcsCreateComputeSystemInNamespace
    HcsOpenComputeSystemInNamespace HcsEnumerateComputeSystemsInNamespace HcsCrashComputeSystem
    HcsModifyServiceSettings HcsSubmitWerReport HcsCreateEmptyGuestStateFile HcsCreateEmptyRuntimeStateFile
    HcsGrantVmAccess HcsRevokeVmAccess HcsGrantVmGroupAccess HcsRevokeVmGroupAccess
    HcsGetProcessorCompatibilityFromSavedState HcsInitializeLiveMigrationOnSource HcsStartLiveMigrationOnSource
    HcsStartLiveMigrationTransfer HcsFinalizeLiveMigration HcsCancelLiveMigration
}
