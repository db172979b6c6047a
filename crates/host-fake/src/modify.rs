//! The changes that a running system takes.

use hcs_contract::reading::{endpoint_id, is_added};
use hcs_contract::{Error, Object, ObjectKind, Result};
use hcs_schema::compute::RequestType;
use hcs_schema::compute::v1::ResourceModificationRequestResponse;
use hcs_schema::compute::v2::{self, ModifySettingRequest, resource_path};

use crate::files::{host_path, same_place};
use crate::machine::{Machine, State};
use crate::plan::{self, Mapped, NO_DEVICE, NO_NETWORK, NO_PIPES, NO_VM, processor_v2};
use crate::refuse::Reader;
use crate::violation::Violation;

/// What a document asks for, its form checked.
enum Change {
    /// Nothing that a fake's programs would notice.
    Kept,
    Map(Mapped),
    Unmap(Mapped),
}

impl Machine {
    /// Takes a change of either schema, and keeps it.
    pub(crate) fn modify(&self, text: &str) -> Result<String> {
        let reader = self.rules.reader();
        let members = reader.members(text)?;
        let change = if members.keys().any(|name| name.eq_ignore_ascii_case("ResourceType")) {
            modify_v1(reader, reader.parse(text)?)?;
            Change::Kept
        } else {
            modify_v2(reader, reader.parse(text)?)?
        };
        let mut inner = self.lock();
        if inner.state == State::Stopped {
            return Err(Error::already_stopped(self.object()));
        }
        self.apply(change, &mut inner.mapped)?;
        inner.changes.push(text.to_owned());
        Ok(String::new())
    }

    fn apply(&self, change: Change, mapped: &mut Vec<Mapped>) -> Result<()> {
        let same =
            |one: &Mapped, other: &Mapped| same_place(&one.container, &other.container, self.plan.guest);
        match change {
            Change::Kept => {}
            Change::Map(new) => {
                self.rules.must_be_there(&new.host)?;
                let taken = mapped.iter().any(|there| same(there, &new));
                if taken && !self.breaks(Violation::MapsTwiceToOnePlace) {
                    let source = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
                    return Err(Error::os("map another folder to", new.container, source));
                }
                if !self.breaks(Violation::MapIsForgotten) {
                    mapped.push(new);
                }
            }
            Change::Unmap(gone) => {
                let from = host_path(&gone.host);
                let fits = |there: &Mapped| {
                    !there.disk && same(there, &gone) && (from.is_empty() || host_path(&there.host) == from)
                };
                match mapped.iter().rposition(fits) {
                    Some(_) if self.breaks(Violation::UnmapIsForgotten) => {}
                    Some(at) => drop(mapped.remove(at)),
                    None if self.breaks(Violation::UnmapsWhatIsNotThere) => {}
                    None => {
                        let object = Object::new(ObjectKind::Element, gone.container);
                        return Err(Error::not_found(object));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Schema 1 knows no change but of networks and devices.
fn modify_v1(reader: Reader<'_>, request: ResourceModificationRequestResponse) -> Result<()> {
    let ResourceModificationRequestResponse { resource, data, request, unknown: _ } = request;
    let field = format!("ResourceType {:?}", resource.as_str());
    if reader.breaks(Violation::AnyResourceModified) {
        return Ok(());
    }
    if resource.as_str() != "Network" {
        return reader.no(&field, "the fake can't change that");
    }
    endpoint_id("Settings", &data)?;
    is_added(&request)?;
    reader.no(&field, NO_NETWORK)
}

fn modify_v2(reader: Reader<'_>, request: ModifySettingRequest) -> Result<Change> {
    let ModifySettingRequest { resource_path: path, request_type, settings, guest_request, unknown: _ } =
        request;
    reader.unless_null("GuestRequest", &guest_request, NO_VM)?;
    let update = || {
        // Go's clients leave the type out where there is only one.
        if request_type.as_str().is_empty() || request_type == RequestType::UPDATE {
            Ok(())
        } else {
            Err(Error::not_supported("RequestType", "a limit can only be updated"))
        }
    };
    let reason = match path.as_str() {
        _ if reader.breaks(Violation::AnyResourceModified) => return Ok(Change::Kept),
        resource_path::MEMORY_SIZE_IN_MB => {
            update()?;
            if let Some(1..) = settings.as_u64() {
                return Ok(Change::Kept);
            }
            let message = "it must be the new size, a number of MiB above 0";
            return Err(Error::invalid_document("Settings", message));
        }
        resource_path::PROCESSOR => {
            update()?;
            let processor: v2::Processor = reader.parse(&settings.to_string())?;
            if processor_v2("Settings", &processor)? {
                return Ok(Change::Kept);
            }
            return Err(Error::invalid_document("Settings", "it must have a Count, a Maximum or a Weight"));
        }
        "" => return Err(Error::invalid_document("ResourcePath", "it must name what to change")),
        resource_path::MAPPED_DIRECTORIES => {
            let added = is_added(&request_type)?;
            let directory = reader.parse(&settings.to_string())?;
            return if added {
                plan::mapped_v2(reader, "Settings", directory).map(Change::Map)
            } else {
                plan::unmapped(reader, "Settings", directory).map(Change::Unmap)
            };
        }
        resource_path::MAPPED_PIPES => NO_PIPES,
        resource_path::DEVICES => NO_DEVICE,
        path if path.starts_with("VirtualMachine/") => NO_VM,
        _ => "this host knows no such resource of a container",
    };
    Err(Error::not_supported(format!("ResourcePath {path:?}"), reason))
}
