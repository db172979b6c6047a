//! The exports of vmcompute.dll that are called.

#![expect(non_snake_case, reason = "the exports' own names")]

use hcs_abi::vmcompute as abi;

use crate::exports::exports;

exports! {
    /// vmcompute.dll.
    struct VmCompute {
        HcsEnumerateComputeSystems from Server2016,
        HcsCreateComputeSystem from Server2016,
        HcsOpenComputeSystem from Server2016,
        HcsCloseComputeSystem from Server2016,
        HcsStartComputeSystem from Server2016,
        HcsShutdownComputeSystem from Server2016,
        HcsTerminateComputeSystem from Server2016,
        HcsPauseComputeSystem from Server2016,
        HcsResumeComputeSystem from Server2016,
        HcsSaveComputeSystem from Server2019,
        HcsGetComputeSystemProperties from Server2016,
        HcsModifyComputeSystem from Server2016,
        HcsRegisterComputeSystemCallback from Server2016,
        HcsUnregisterComputeSystemCallback from Server2016,
        HcsCreateProcess from Server2016,
        HcsOpenProcess from Server2016,
        HcsCloseProcess from Server2016,
        HcsTerminateProcess from Server2016,
        HcsSignalProcess from Server2019,
        HcsGetProcessInfo from Server2016,
        HcsGetProcessProperties from Server2016,
        HcsModifyProcess from Server2016,
        HcsGetServiceProperties from Server2016,
        HcsRegisterProcessCallback from Server2016,
        HcsUnregisterProcessCallback from Server2016,
    }
}
