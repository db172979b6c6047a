//! Every row of docs/symbols compiles: the Rust item that stands for a Go symbol is there.

#[path = "../../../docs/symbols/compile.rs"]
mod compile;

use compile::CALLS;

/// Methods that take several types, each called with one.
macro_rules! calls {
    ($($path:literal => $call:expr;)*) => {
        #[test]
        fn methods_with_type_parameters_are_there() {
            $(let _ = $call;)*
            assert_eq!([$($path),*], CALLS, "docs/symbols names others than this test calls");
        }
    };
}

calls! {
    "hcsshim::Container::create_process(..)" =>
        |it: &hcsshim::Container| it.create_process(&hcsshim::schema::compute::v1::ProcessConfig::default());
    "hcsshim::Container::modify(..)" => |it: &hcsshim::Container| {
        it.modify(&hcsshim::schema::compute::v1::ResourceModificationRequestResponse::default())
    };
    "hcsshim::Host::create_container(..)" => |it: &hcsshim::Host| {
        it.create_container("", &hcsshim::schema::compute::v1::ContainerConfig::default())
    };
}
