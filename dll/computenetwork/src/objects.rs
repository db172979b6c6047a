//! Network objects as a client holds them.

use std::ffi::c_void;
use std::sync::Arc;

use hcs_bridge::{Table, invalid_handle};
use hcs_contract::{NetworkObject, NetworkObjectKind, Result};

/// A handle of an object.
#[derive(Debug)]
pub(crate) struct Object(Arc<dyn NetworkObject>);

static NETWORKS: Table<Object> = Table::new(0x4E57);
static ENDPOINTS: Table<Object> = Table::new(0x4550);
static NAMESPACES: Table<Object> = Table::new(0x4E53);
static BALANCERS: Table<Object> = Table::new(0x4C42);
static ROUTES: Table<Object> = Table::new(0x5254);

/// A handle is one of its kind alone.
fn table(kind: NetworkObjectKind) -> &'static Table<Object> {
    match kind {
        NetworkObjectKind::Network => &NETWORKS,
        NetworkObjectKind::Endpoint => &ENDPOINTS,
        NetworkObjectKind::Namespace => &NAMESPACES,
        NetworkObjectKind::LoadBalancer => &BALANCERS,
        NetworkObjectKind::Route => &ROUTES,
    }
}

impl Object {
    pub(crate) fn insert(kind: NetworkObjectKind, object: Arc<dyn NetworkObject>) -> *mut c_void {
        table(kind).insert(Arc::new(Self(object)))
    }

    pub(crate) fn get(kind: NetworkObjectKind, handle: *mut c_void) -> Result<Arc<dyn NetworkObject>> {
        let this = table(kind).get(handle).ok_or_else(invalid_handle)?;
        Ok(Arc::clone(&this.0))
    }

    pub(crate) fn close(kind: NetworkObjectKind, handle: *mut c_void) -> Result<()> {
        let this = table(kind).remove(handle).ok_or_else(invalid_handle)?;
        this.0.close();
        Ok(())
    }
}
