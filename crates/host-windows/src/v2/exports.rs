//! The exports of computecore.dll that are called.

#![expect(non_snake_case, reason = "the exports' own names")]

use hcs_abi::computecore as abi;

use crate::exports::exports;

exports! {
    /// computecore.dll.
    struct ComputeCore {
        HcsCreateOperation from Server2019,
        HcsCloseOperation from Server2019,
        HcsCancelOperation from Server2019,
        HcsGetOperationResult from Server2019,
        HcsGetOperationResultAndProcessInfo from Server2019,
        HcsCreateComputeSystem from Server2019,
        HcsOpenComputeSystem from Server2019,
        HcsCloseComputeSystem from Server2019,
        HcsEnumerateComputeSystems from Server2019,
        HcsStartComputeSystem from Server2019,
        HcsShutDownComputeSystem from Server2019,
        HcsTerminateComputeSystem from Server2019,
        HcsPauseComputeSystem from Server2019,
        HcsResumeComputeSystem from Server2019,
        HcsSaveComputeSystem from Server2019,
        HcsGetComputeSystemProperties from Server2019,
        HcsModifyComputeSystem from Server2019,
        HcsSetComputeSystemCallback from Server2019,
        HcsCreateProcess from Server2019,
        HcsOpenProcess from Server2019,
        HcsCloseProcess from Server2019,
        HcsTerminateProcess from Server2019,
        HcsSignalProcess from Server2019,
        HcsGetProcessInfo from Server2019,
        HcsGetProcessProperties from Server2019,
        HcsModifyProcess from Server2019,
        HcsSetProcessCallback from Server2019,
        HcsGetServiceProperties from Server2019,
    }
}
