//! The page that every process sees at 0x7ffe0000: version, processor features, memory size.
//!
//! Wine's boot program fills it, so the one that stands in for it must. Without it `IsProcessorFeaturePresent` denies
//! even SSE2, and AVX state is not saved.
//!
//! Source of the layout: `KUSER_SHARED_DATA` and `XSTATE_CONFIGURATION` in the headers of the Windows driver kit.
#![expect(unsafe_code, reason = "writes to a mapped section")]

use std::arch::x86_64::{__cpuid, __cpuid_count};
use std::os::windows::io::AsRawHandle;

use hcs_agent::identity::{Identity, Version};
use windows_sys::Win32::System::Memory::{FILE_MAP_WRITE, MapViewOfFile, UnmapViewOfFile};
use windows_sys::Win32::System::SystemInformation::OSVERSIONINFOEXW;
use windows_sys::Win32::System::Threading as pf;

use super::nt;

const SECTION: &str = r"\KernelObjects\__wine_user_shared_data";

/// Bytes that the structure takes; the section is a page.
const SIZE: usize = 0x1000;

mod offset {
    pub(super) const TICK_COUNT_MULTIPLIER: usize = 0x004;
    pub(super) const NT_SYSTEM_ROOT: usize = 0x030;
    pub(super) const LARGE_PAGE_MINIMUM: usize = 0x244;
    pub(super) const NT_BUILD_NUMBER: usize = 0x260;
    pub(super) const NT_PRODUCT_TYPE: usize = 0x264;
    pub(super) const PRODUCT_TYPE_IS_VALID: usize = 0x268;
    pub(super) const NATIVE_PROCESSOR_ARCHITECTURE: usize = 0x26a;
    pub(super) const NT_MAJOR_VERSION: usize = 0x26c;
    pub(super) const NT_MINOR_VERSION: usize = 0x270;
    pub(super) const PROCESSOR_FEATURES: usize = 0x274;
    pub(super) const SUITE_MASK: usize = 0x2d0;
    pub(super) const NX_SUPPORT_POLICY: usize = 0x2d5;
    pub(super) const NUMBER_OF_PHYSICAL_PAGES: usize = 0x2e8;
    pub(super) const ACTIVE_PROCESSOR_COUNT: usize = 0x3c0;
    pub(super) const ACTIVE_GROUP_COUNT: usize = 0x3c4;
    pub(super) const XSTATE: usize = 0x3d8;
}

/// Fills the page. The error is an `NTSTATUS`.
pub(super) fn fill(identity: &Identity) -> Result<(), i32> {
    const ACCESS_DENIED: i32 = 0xc000_0022_u32.cast_signed();
    let section = nt::section(SECTION)?;
    // SAFETY: the handle is an open section; the system chooses the address.
    let view = unsafe { MapViewOfFile(section.as_raw_handle(), FILE_MAP_WRITE, 0, 0, SIZE) };
    if view.Value.is_null() {
        return Err(ACCESS_DENIED);
    }
    {
        // SAFETY: the view is mapped for writing for SIZE bytes until it is unmapped below. The server alone writes
        // to the page besides us, and only to the clocks, which `write` never touches.
        let page = unsafe { std::slice::from_raw_parts_mut(view.Value.cast::<u8>(), SIZE) };
        write(page, identity);
    }
    // SAFETY: the view came from MapViewOfFile, and no reference into it is left.
    unsafe { UnmapViewOfFile(view) };
    Ok(())
}

fn write(page: &mut [u8], identity: &Identity) {
    let system = nt::version();
    let own =
        Version { major: system.dwMajorVersion, minor: system.dwMinorVersion, build: system.dwBuildNumber };
    let version = identity.version.unwrap_or(own);
    let machine = nt::machine();
    let mut put = |at: usize, bytes: &[u8]| page[at..at + bytes.len()].copy_from_slice(bytes);

    put(offset::TICK_COUNT_MULTIPLIER, &(1u32 << 24).to_le_bytes());
    let root: Vec<u8> = "C:\\windows\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    put(offset::NT_SYSTEM_ROOT, &root);
    put(offset::LARGE_PAGE_MINIMUM, &(2u32 << 20).to_le_bytes());
    put(offset::NT_BUILD_NUMBER, &version.build.to_le_bytes());
    put(offset::NT_PRODUCT_TYPE, &u32::from(product_type(&system)).to_le_bytes());
    put(offset::PRODUCT_TYPE_IS_VALID, &[1]);
    put(offset::NATIVE_PROCESSOR_ARCHITECTURE, &PROCESSOR_ARCHITECTURE_AMD64.to_le_bytes());
    put(offset::NT_MAJOR_VERSION, &version.major.to_le_bytes());
    put(offset::NT_MINOR_VERSION, &version.minor.to_le_bytes());
    put(offset::PROCESSOR_FEATURES, &features());
    put(offset::SUITE_MASK, &u32::from(system.wSuiteMask).to_le_bytes());
    put(offset::NX_SUPPORT_POLICY, &[NX_SUPPORT_POLICY_OPTIN]);
    put(offset::NUMBER_OF_PHYSICAL_PAGES, &machine.physical_pages.to_le_bytes());
    put(offset::ACTIVE_PROCESSOR_COUNT, &machine.processors.to_le_bytes());
    put(offset::ACTIVE_GROUP_COUNT, &[1]);
    if let Some(xstate) = xstate() {
        put(offset::XSTATE, &xstate);
    }
}

const PROCESSOR_ARCHITECTURE_AMD64: u16 = 9;
const NX_SUPPORT_POLICY_OPTIN: u8 = 2;

fn product_type(system: &OSVERSIONINFOEXW) -> u8 {
    const VER_NT_WORKSTATION: u8 = 1;
    if system.wProductType == 0 { VER_NT_WORKSTATION } else { system.wProductType }
}

fn bit(word: u32, index: u32) -> bool {
    word >> index & 1 == 1
}

/// `ProcessorFeatures`: what the processor itself says, by the numbers of `IsProcessorFeaturePresent`.
fn features() -> [u8; 64] {
    let one = __cpuid(1);
    let seven = if __cpuid(0).eax >= 7 { __cpuid_count(7, 0) } else { __cpuid_count(0x8000_0000, 0) };
    let seven = if __cpuid(0).eax >= 7 { seven.ebx } else { 0 };
    let extended = if __cpuid(0x8000_0000).eax >= 0x8000_0001 { __cpuid(0x8000_0001) } else { __cpuid(0) };
    let os_saves_avx = bit(one.ecx, 27) && is_x86_feature_detected!("avx");
    let mut features = [0; 64];
    for (number, present) in [
        (pf::PF_COMPARE_EXCHANGE_DOUBLE, bit(one.edx, 8)),
        (pf::PF_MMX_INSTRUCTIONS_AVAILABLE, bit(one.edx, 23)),
        (pf::PF_XMMI_INSTRUCTIONS_AVAILABLE, bit(one.edx, 25)),
        (pf::PF_3DNOW_INSTRUCTIONS_AVAILABLE, bit(extended.edx, 31)),
        (pf::PF_RDTSC_INSTRUCTION_AVAILABLE, bit(one.edx, 4)),
        (pf::PF_PAE_ENABLED, bit(one.edx, 6)),
        (pf::PF_XMMI64_INSTRUCTIONS_AVAILABLE, bit(one.edx, 26)),
        // Denormals-are-zero came with SSE2 on every 64-bit processor.
        (pf::PF_SSE_DAZ_MODE_AVAILABLE, bit(one.edx, 26)),
        (pf::PF_NX_ENABLED, bit(extended.edx, 20)),
        (pf::PF_SSE3_INSTRUCTIONS_AVAILABLE, bit(one.ecx, 0)),
        (pf::PF_COMPARE_EXCHANGE128, bit(one.ecx, 13)),
        (pf::PF_XSAVE_ENABLED, bit(one.ecx, 27)),
        (pf::PF_FASTFAIL_AVAILABLE, true),
        (pf::PF_SSSE3_INSTRUCTIONS_AVAILABLE, bit(one.ecx, 9)),
        (pf::PF_SSE4_1_INSTRUCTIONS_AVAILABLE, bit(one.ecx, 19)),
        (pf::PF_SSE4_2_INSTRUCTIONS_AVAILABLE, bit(one.ecx, 20)),
        (pf::PF_AVX_INSTRUCTIONS_AVAILABLE, os_saves_avx),
        (pf::PF_AVX2_INSTRUCTIONS_AVAILABLE, os_saves_avx && bit(seven, 5)),
    ] {
        features[number as usize] = u8::from(present);
    }
    features
}

/// `XSTATE_CONFIGURATION` for x87, SSE and AVX; `None` when the processor or the kernel does not save AVX state.
fn xstate() -> Option<Vec<u8>> {
    const AVX: u32 = 1 << 2;
    const ENABLED: u64 = 0b111;
    const LEGACY: u32 = 512;
    const HEADER: u32 = 64;
    const SSE_OFFSET: u32 = 160;
    const YMM: u32 = 256;
    if !is_x86_feature_detected!("avx") || __cpuid(0).eax < 0xd {
        return None;
    }
    let main = __cpuid_count(0xd, 0);
    let extended = __cpuid_count(0xd, 1);
    if main.eax & AVX == 0 {
        return None;
    }
    // Two masks, size, control flags, 64 pairs of offset and size, two masks more, the size of all, 64 sizes.
    let mut bytes = vec![0; 16 + 8 + 64 * 8 + 16 + 4 + 64 * 4];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, &ENABLED.to_le_bytes());
    put(8, &ENABLED.to_le_bytes());
    put(16, &(LEGACY + HEADER + YMM).to_le_bytes());
    put(20, &(extended.eax & 0b11).to_le_bytes());
    let sizes = [SSE_OFFSET, 256, YMM];
    let offsets = [0, SSE_OFFSET, LEGACY + HEADER];
    for (i, (offset, size)) in offsets.into_iter().zip(sizes).enumerate() {
        put(24 + i * 8, &offset.to_le_bytes());
        put(28 + i * 8, &size.to_le_bytes());
        put(556 + i * 4, &size.to_le_bytes());
    }
    put(552, &main.ebx.to_le_bytes());
    Some(bytes)
}
