//! A client of the storage service that is killed at each step of each call: whoever comes next undoes what it did by the
//! service's own calls, nothing is left, and the same layer is made, shown and removed once more.

use std::path::{Path, PathBuf};

use hcs_contract::{LayerDescriptor, Result, StorageService as _};
use hcs_fault::session::{Action, Session, VARIABLE};
use hcs_fault::{Point, Role};
use hcs_host_linux::{LinuxHost, Options};

const FOLDER: &str = "HCS_TEST_FOLDER";

fn host(folder: &Path) -> LinuxHost {
    let options = Options { root: folder.join("state"), run: folder.join("run"), ..Options::default() };
    LinuxHost::open(options).unwrap()
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

/// Everything that a layer goes through.
fn whole_life(host: &LinuxHost, folder: &Path) -> Result<()> {
    let parents = [LayerDescriptor { path: path(folder, "base"), ..LayerDescriptor::default() }];
    let (scratch, out, copy) = (path(folder, "scratch"), path(folder, "out"), path(folder, "copy"));
    host.create_sandbox_layer(&scratch, &parents)?;
    if Path::new("/dev/loop-control").exists() {
        host.expand_sandbox_size(&scratch, 64 << 20)?;
    }
    host.activate_layer(&scratch)?;
    host.prepare_layer(&scratch, &parents)?;
    let shown = host.volume_path(&host.layer_mount_path(&scratch)?)?;
    fs_err::write(shown.join("new"), "new").unwrap();
    host.unprepare_layer(&scratch)?;
    host.export_layer(&scratch, &out, &parents)?;
    host.deactivate_layer(&scratch)?;
    host.import_layer(&copy, &out, &parents)?;
    assert_eq!(fs_err::read(Path::new(&copy).join("Files/new")).unwrap(), b"new");
    host.destroy_layer(&copy)?;
    host.destroy_layer(&scratch)?;
    fs_err::remove_dir_all(out).unwrap();
    Ok(())
}

#[test]
#[ignore = "the client that is killed"]
fn client() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    hcs_fault::role(Role::Client, std::process::id());
    whole_life(&host(&folder), &folder).unwrap();
}

/// A process of its own: here, the children that other tests begin hold files of the volume open until they are programs.
#[expect(clippy::disallowed_methods, reason = "a client to be killed")]
fn a_client(folder: &Path) -> std::process::Command {
    let mut client = std::process::Command::new(std::env::current_exe().unwrap());
    client.args(["--exact", "layers::client", "--ignored", "--nocapture"]).env(FOLDER, folder);
    client.stdout(std::process::Stdio::null());
    client
}

#[test]
fn a_client_that_is_killed_at_any_step_leaves_nothing_that_the_next_calls_do_not_mend() {
    let place = tempfile::tempdir_in("/var/tmp").unwrap();
    let folder = place.path();
    let host = host(folder);
    host.create_layer(&path(folder, "base"), "").unwrap();
    let session = Session::create(&folder.join("faults")).unwrap();
    let mut killed = 0;
    loop {
        session.plan(Point::LayerStep, killed, Action::Kill(Role::Client));
        let status = a_client(folder).env(VARIABLE, folder.join("faults")).status().unwrap();
        if !session.fired() {
            assert!(status.success(), "{status}");
            break;
        }
        killed += 1;
        // As a client rolls back that does not know how far another one came.
        let scratch = path(folder, "scratch");
        let _ = host.unprepare_layer(&scratch);
        let _ = host.deactivate_layer(&scratch);
        for name in ["scratch", "copy"] {
            let layer = path(folder, name);
            if host.layer_exists(&layer).unwrap() {
                host.destroy_layer(&layer).unwrap();
            }
        }
        let _ = fs_err::remove_dir_all(folder.join("out"));
        let lived = a_client(folder).status().unwrap();
        assert!(lived.success(), "after a kill at step {killed}: the next life failed, as told above");
        let left = host.gc(true).unwrap();
        assert!(left.found.is_empty() && left.failures.is_empty(), "after a kill at step {killed}: {left:?}");
        let mounts = fs_err::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains(folder.to_str().unwrap()), "after a kill at step {killed}: {mounts}");
    }
    assert!(killed > 25, "only {killed} steps");
}
