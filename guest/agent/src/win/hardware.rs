//! What the registry says of the machine: `HKLM\Hardware\Description` (in memory only) and the processor variables
//! of the system's environment.

use std::arch::x86_64::{__cpuid, CpuidResult};

use hcs_agent::registry_path::Root;
use hcs_guest_protocol::{Failure, RegistryData};

use super::nt;
use super::registry::Key;

const SYSTEM: &str = r"Hardware\Description\System";
const ENVIRONMENT: &str = r"System\CurrentControlSet\Control\Session Manager\Environment";

/// Writes the keys.
pub(super) fn describe() -> Result<(), Failure> {
    let machine = nt::machine();
    let processor = nt::processor();
    let vendor = vendor();
    let brand = if vendor == "AuthenticAMD" { "AMD64" } else { "Intel64" };
    let identifier = format!("{brand} {}", model());
    let name = name();
    let speeds = nt::processor_speeds(machine.processors);

    let volatile = |path: &str| Key::create(Root::LocalMachine, path, true);
    volatile(SYSTEM)?.set_text("Identifier", "AT compatible")?;
    for index in 0..machine.processors {
        let key = volatile(&format!(r"{SYSTEM}\CentralProcessor\{index}"))?;
        key.set("FeatureSet", &RegistryData::Dword(processor.features))?;
        key.set_text("Identifier", &identifier)?;
        key.set_text("ProcessorNameString", &name)?;
        key.set_text("VendorIdentifier", &vendor)?;
        let mhz = speeds.get(index as usize).copied().unwrap_or_default();
        key.set("~MHz", &RegistryData::Dword(mhz))?;
        let float = volatile(&format!(r"{SYSTEM}\FloatingPointProcessor\{index}"))?;
        float.set_text("Identifier", &identifier)?;
    }

    firmware()?;

    let environment = Key::create(Root::LocalMachine, ENVIRONMENT, false)?;
    environment.set_text("NUMBER_OF_PROCESSORS", &machine.processors.to_string())?;
    environment.set_text("PROCESSOR_ARCHITECTURE", "AMD64")?;
    environment.set_text("PROCESSOR_IDENTIFIER", &format!("{identifier}, {vendor}"))?;
    environment.set_text("PROCESSOR_LEVEL", &processor.level.to_string())?;
    environment.set_text("PROCESSOR_REVISION", &format!("{:04x}", processor.revision))
}

/// What Wine's boot writes where it finds no firmware tables: a container has no view of the host's.
fn firmware() -> Result<(), Failure> {
    let key = Key::create(Root::LocalMachine, &format!(r"{SYSTEM}\BIOS"), true)?;
    for name in [
        "BaseBoardManufacturer",
        "BaseBoardProduct",
        "BaseBoardVersion",
        "BIOSReleaseDate",
        "BIOSVendor",
        "BIOSVersion",
        "SystemFamily",
        "SystemManufacturer",
        "SystemProductName",
        "SystemSKU",
        "SystemVersion",
    ] {
        key.set_text(name, "")?;
    }
    for name in ["BiosMajorRelease", "BiosMinorRelease", "ECFirmwareMajorVersion", "ECFirmwareMinorVersion"] {
        key.set(name, &RegistryData::Dword(0xff))?;
    }
    Ok(())
}

fn vendor() -> String {
    let CpuidResult { ebx, ecx, edx, .. } = __cpuid(0);
    text(&[ebx, edx, ecx])
}

/// The marketing name; empty when the processor has none.
fn name() -> String {
    if __cpuid(0x8000_0000).eax < 0x8000_0004 {
        return String::new();
    }
    let words: Vec<u32> = (0x8000_0002..=0x8000_0004)
        .map(__cpuid)
        .flat_map(|CpuidResult { eax, ebx, ecx, edx }| [eax, ebx, ecx, edx])
        .collect();
    text(&words).trim_end().to_owned()
}

fn text(words: &[u32]) -> String {
    let bytes = words.iter().flat_map(|word| word.to_le_bytes());
    bytes.take_while(|&byte| byte != 0).map(char::from).collect()
}

/// Family, model and stepping, as the processor's manual has them computed.
fn model() -> String {
    let word = __cpuid(1).eax;
    let base_family = word >> 8 & 0xf;
    let family = if base_family == 15 { base_family + (word >> 20 & 0xff) } else { base_family };
    let mut model = word >> 4 & 0xf;
    if base_family == 6 || base_family == 15 {
        model |= word >> 12 & 0xf0;
    }
    format!("Family {family} Model {model} Stepping {}", word & 0xf)
}
