//! A switch of test builds: one member of one type is taken out of every document that a host reads, as if the host had
//! forgotten it. A test that claims to prove the member must fail then.
//!
//! It is there with the feature `drop-member` only, which nothing that is shipped has on.

use crate::{Document, MemberType, documents};

/// Names the member: the type as in [`documents`], and the name in JSON, such as `v2::Container.Memory`.
pub const VARIABLE: &str = "HCSSHIM_DROP_MEMBER";

/// Takes the member that [`VARIABLE`] names out of a document that a host has just read, and says on standard error when
/// it had a value.
///
/// # Panics
/// When the variable names no member: a misspelt one would be dropped nowhere, and prove nothing.
pub fn apply<T: Document>(document: &mut T) {
    let Some(name) = std::env::var_os(VARIABLE) else { return };
    let name = name.to_string_lossy();
    let mut member =
        Named::find(&name).unwrap_or_else(|| panic!("{VARIABLE}: no document has a member {name}"));
    document.drop_member(&mut member);
    if member.taken > 0 {
        eprintln!("{VARIABLE}: dropped {name}");
    }
}

/// The member that is dropped.
#[derive(Debug)]
pub struct Named {
    /// `v1`, `v2`, `hns` or `hcn`; none for a type that both schemas share.
    schema: Option<&'static str>,
    document: &'static str,
    member: &'static str,
    /// How many values were taken out that were not empty.
    taken: usize,
}

impl Named {
    fn find(name: &str) -> Option<Self> {
        let (document, member) = name.split_once('.')?;
        let document = documents().find(|known| known.name == document)?;
        let member = document.members.iter().find(|known| known.name == member)?.name;
        let (schema, document) = match document.name.split_once("::") {
            Some((schema, name)) => (Some(schema), name),
            None => (None, document.name),
        };
        Some(Self { schema, document, member, taken: 0 })
    }

    /// Whether it is a member of the type of this name in this module.
    pub(crate) fn is_of(&self, module: &str, document: &str) -> bool {
        let schema = module.split("::").find(|part| matches!(*part, "v1" | "v2" | "hns" | "hcn"));
        self.document == document && self.schema == schema
    }

    pub(crate) fn is(&self, member: &str) -> bool {
        self.member == member
    }

    pub(crate) fn take<T: MemberType>(&mut self, value: &mut T) {
        let value = std::mem::take(value);
        self.taken += usize::from(!value.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::{v1, v2};

    fn without<T: Document>(text: &str, name: &str) -> (T, usize) {
        let mut document = T::from_json(text).unwrap();
        let mut member = Named::find(name).unwrap();
        document.drop_member(&mut member);
        (document, member.taken)
    }

    #[test]
    fn a_member_goes_from_its_own_type_only_and_from_every_place() {
        let text = r#"{"Layers":[{"ID":"a","Path":"/a"},{"Path":"/b"}],
            "MappedDirectories":[{"HostPath":"/h","ReadOnly":true},{"HostPath":"/i"}]}"#;
        let (document, taken) = without::<v1::ContainerConfig>(text, "v1::MappedDir.ReadOnly");
        assert_eq!(taken, 1, "the other one was empty");
        assert!(
            !document.mapped_directories[0].read_only && document.mapped_directories[0].host_path == "/h"
        );
        let (document, taken) = without::<v1::ContainerConfig>(text, "v1::Layer.Path");
        assert_eq!((taken, document.layers[0].id.as_str()), (2, "a"));
        assert!(document.layers.iter().all(|layer| layer.path.is_empty()));
        // The type of the same name in the other schema is another.
        let (document, taken) = without::<v1::ContainerConfig>(text, "v2::Layer.Path");
        assert_eq!((taken, document), (0, v1::ContainerConfig::from_json(text).unwrap()));

        let text = r#"{"LinuxHost":{"Labels":{"a":"b"}},"SchemaVersion":{"Major":2,"Minor":1},
            "Container":{"Memory":{"SizeInMB":1}}}"#;
        let (document, taken) = without::<v2::ComputeSystem>(text, "v2::Memory.SizeInMB");
        assert_eq!((taken, document.container.unwrap().memory), (1, Some(v2::Memory::default())));
        let (document, _) = without::<v2::ComputeSystem>(text, "v2::Container.Memory");
        assert_eq!(document.container, Some(v2::Container::default()));
        for shared in ["LinuxHost.Labels", "Version.Minor"] {
            assert_eq!(without::<v2::ComputeSystem>(text, shared).1, 1, "{shared}");
        }
    }

    #[test]
    fn every_member_of_the_catalogue_can_be_named_and_nothing_else() {
        for document in documents() {
            for member in document.members {
                assert!(Named::find(&format!("{}.{}", document.name, member.name)).is_some());
            }
        }
        for none in ["", "v2::Memory", "v2::Memory.Size", "Memory.SizeInMB", "v1::Memory.SizeInMB"] {
            assert!(Named::find(none).is_none(), "{none}");
        }
    }
}
