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
    "hcsshim::Layers::activate(..)" => |it: &hcsshim::Layers| it.activate("/l");
    "hcsshim::Layers::create(..)" => |it: &hcsshim::Layers| it.create("/l", "/p");
    "hcsshim::Layers::create_scratch(..)" => |it: &hcsshim::Layers| it.create_scratch("/l", &["/p"]);
    "hcsshim::Layers::deactivate(..)" => |it: &hcsshim::Layers| it.deactivate("/l");
    "hcsshim::Layers::destroy(..)" => |it: &hcsshim::Layers| it.destroy("/l");
    "hcsshim::Layers::exists(..)" => |it: &hcsshim::Layers| it.exists("/l");
    "hcsshim::Layers::expand_scratch(..)" => |it: &hcsshim::Layers| it.expand_scratch("/l", 1);
    "hcsshim::Layers::export(..)" => |it: &hcsshim::Layers| it.export("/l", "/f", &["/p"]);
    "hcsshim::Layers::import(..)" => |it: &hcsshim::Layers| it.import("/l", "/f", &["/p"]);
    "hcsshim::Layers::mount_path(..)" => |it: &hcsshim::Layers| it.mount_path("/l");
    "hcsshim::Layers::prepare(..)" => |it: &hcsshim::Layers| it.prepare("/l", &["/p"]);
    "hcsshim::Layers::process_base(..)" => |it: &hcsshim::Layers| it.process_base("/l");
    "hcsshim::Layers::process_utility_vm_image(..)" => |it: &hcsshim::Layers| it.process_utility_vm_image("/l");
    "hcsshim::Layers::unprepare(..)" => |it: &hcsshim::Layers| it.unprepare("/l");
}
