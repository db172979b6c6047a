//! Namespaces.

use super::leftover::{keep, restore};
use crate::network::hcn::{
    HostComputeNamespace, NamespaceResource, NamespaceResourceType, NamespaceType, Version,
};
use crate::network::hns;

/// The member of v2 that v1 can say in part: `Guest` and `GuestDefault` it can't.
const V2: [&str; 1] = ["Type"];

/// The namespace of v2 that says what this one of v1 says.
pub fn namespace_to_v2(v1: &hns::Namespace) -> HostComputeNamespace {
    let hns::Namespace { id, is_default, resource_list, compartment_id, unknown } = v1.clone();
    let resource = |resource: hns::NamespaceResource| NamespaceResource {
        resource_type: NamespaceResourceType::from(resource.resource_type),
        data: renamed(resource.data, "ID"),
        unknown: resource.unknown,
    };
    let namespace = HostComputeNamespace {
        id,
        namespace_id: compartment_id,
        namespace_type: if is_default { NamespaceType::HOST_DEFAULT } else { NamespaceType::HOST },
        resources: resource_list.into_iter().map(resource).collect(),
        schema_version: Version::v2_0(),
        unknown,
    };
    restore(namespace, |namespace| &mut namespace.unknown, &V2)
}

/// The namespace of v1 that says what this one of v2 says.
pub fn namespace_to_v1(v2: &HostComputeNamespace) -> hns::Namespace {
    let HostComputeNamespace { id, namespace_id, namespace_type, resources, schema_version: _, unknown } =
        v2.clone();
    let resource = |resource: NamespaceResource| hns::NamespaceResource {
        resource_type: resource.resource_type.as_str().to_owned(),
        data: renamed(resource.data, "Id"),
        unknown: resource.unknown,
    };
    let mut v1 = hns::Namespace {
        id,
        is_default: namespace_type.known() == Some(&NamespaceType::HOST_DEFAULT),
        resource_list: resources.into_iter().map(resource).collect(),
        compartment_id: namespace_id,
        unknown,
    };
    keep(v2, &namespace_to_v2(&v1), &V2, &mut v1.unknown);
    v1
}

/// The data of a resource with its id under this name: v1 writes `Id`, v2 `ID`.
fn renamed(data: serde_json::Value, id: &str) -> serde_json::Value {
    let serde_json::Value::Object(members) = data else { return data };
    let name = |name: String| if name.eq_ignore_ascii_case(id) { id.to_owned() } else { name };
    serde_json::Value::Object(members.into_iter().map(|(key, value)| (name(key), value)).collect())
}
