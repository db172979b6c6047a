//! Full and read-only file systems below the engine's two folders: every call succeeds or says which path and why, and
//! with room again all is as if nothing had been.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use hcs_contract::{ComputeSystem, Error, Hresult};

use super::client;
use super::support::{Engine, done, finish, run, shell, spawn, state};

/// An engine one of whose folders (`state`, `run`) is a file system of its own.
struct Small {
    engine: Engine,
    // After the engine, whose folder it is in.
    disk: Disk,
}

struct Disk {
    point: PathBuf,
    image: Option<PathBuf>,
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = client::try_run(&["umount", "-l", self.point.to_str().unwrap()]);
        for left in self.image.iter().map(PathBuf::as_path).chain(self.point.parent()) {
            let _ = fs_err::remove_dir_all(left).or_else(|_| fs_err::remove_file(left));
        }
    }
}

impl Small {
    fn new(which: &str, options: &str) -> Self {
        let mut disk = None;
        let engine = Engine::prepared(|folder| {
            let point = folder.join(which);
            fs_err::create_dir(&point).unwrap();
            let at = point.to_str().unwrap();
            let image = if options.is_empty() {
                let image = folder.with_extension("image");
                fs_err::File::create(&image).unwrap().set_len(16 << 20).unwrap();
                let file = image.to_str().unwrap();
                client::run(&["mkfs.ext4", "-q", "-m", "0", file]);
                client::run(&["busybox", "modprobe", "loop"]);
                client::run(&["mount", "-o", "loop", file, at]);
                Some(image)
            } else {
                client::run(&["mount", "-t", "tmpfs", "-o", options, "small", at]);
                None
            };
            disk = Some(Disk { point, image });
        });
        Self { engine, disk: disk.unwrap() }
    }

    fn ballast(&self) -> PathBuf {
        self.disk.point.join("ballast")
    }

    /// Until there is no room for a single byte.
    fn fill(&self) {
        fs_err::create_dir_all(self.ballast()).unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            let path = self.ballast().join(size.to_string());
            let Ok(mut file) = fs_err::File::create(path) else { continue };
            let block = vec![0x5a; size];
            // Written back each time: ext4 finds no room only when it looks for some.
            while file.write_all(&block).and_then(|()| file.sync_data()).is_ok() {}
        }
    }

    /// Until there can be no further file, however small.
    fn fill_with_names(&self) {
        fs_err::create_dir_all(self.ballast()).unwrap();
        let mut number = 0;
        while fs_err::File::create(self.ballast().join(format!("n{number}"))).is_ok() {
            number += 1;
        }
    }

    fn make_room(&self) {
        fs_err::remove_dir_all(self.ballast()).unwrap();
    }

    fn remount(&self, option: &str) {
        client::run(&["mount", "-o", &format!("remount,{option}"), self.disk.point.to_str().unwrap()]);
    }

    /// Makes it read-only for whoever looks from now on. A living system has its board open for writing, and a file
    /// that is open so keeps its own mount from being made read-only: another mount of the same goes over it.
    fn cover_read_only(&self) {
        let point = self.disk.point.to_str().unwrap();
        client::run(&["mount", "--bind", point, point]);
        client::run(&["mount", "-o", "remount,bind,ro", point]);
    }

    fn uncover(&self) {
        client::run(&["umount", self.disk.point.to_str().unwrap()]);
    }

    /// A container with a scratch folder, whose record is kept.
    fn document(&self) -> String {
        format!(
            r#"{{"SystemType":"Container","ContainerType":"Linux","Layers":[{{"ID":"1","Path":"{}"}}],
                "LinuxHost":{{"KeepAfterExit":true}}}}"#,
            self.engine.root.display()
        )
    }

    fn started(&self, id: &str) -> Arc<dyn ComputeSystem> {
        let system = self.engine.try_create(id, &self.document()).unwrap();
        done(&system.start(""));
        system
    }

    /// A new system can't be made: the error has this code, names a path there and says what to do about it.
    fn refused(&self, code: Hresult) -> Error {
        let before = ids(&self.engine);
        let error = self.engine.try_create("refused", &self.document()).unwrap_err();
        assert_eq!(error.hresult(), code, "{error:?}");
        let text = error.to_string();
        let real = self.disk.point.canonicalize().unwrap();
        assert!(text.contains(real.to_str().unwrap()), "{text}");
        assert_eq!(ids(&self.engine), before, "nothing of it is listed");
        error
    }

    /// With all in order again: nothing is left of what failed, its id is free, and systems come and go.
    fn all_is_well(&self) {
        let report = self.engine.host.gc(true).unwrap();
        assert!(report.found.is_empty() && report.failures.is_empty(), "{report:?}");
        for id in ["refused", "another"] {
            let system = self.started(id);
            assert_eq!(run(&system, "echo x >/tmp/file; cat /tmp/file").0, "x\n");
            done(&system.terminate(""));
            drop(system);
            self.engine.host.remove(id).unwrap();
        }
        let report = self.engine.host.gc(true).unwrap();
        assert!(report.found.is_empty() && report.failures.is_empty(), "{report:?}");
    }
}

fn ids(engine: &Engine) -> Vec<String> {
    engine.host.systems().unwrap().into_iter().map(|info| info.id).collect()
}

/// What a live system does though no folder of the engine's can be written: programs run, and it ends as it should.
fn lives_and_ends(small: &Small, id: &str, system: &Arc<dyn ComputeSystem>) {
    assert_eq!(state(system), "Running");
    assert_eq!(run(system, "echo fine; exit 5"), ("fine\n".into(), 5));
    assert_eq!(ids(&small.engine), [id]);
    let waiting = spawn(system, &shell("cat"));
    done(&system.terminate(""));
    done(&waiting.process.wait_exit());
    done(&system.wait_exit());
}

#[test]
#[ignore = "fills disks: ./x test --vm"]
fn a_full_state_disk_refuses_new_systems_by_path_and_hurts_no_other() {
    let small = Small::new("state", "");
    let system = small.started("running");
    small.fill();
    let error = small.refused(Hresult::ERROR_DISK_FULL);
    assert!(error.hint().unwrap().contains("hcs gc"), "{error:?}");
    let created = spawn(&system, &shell("dd if=/dev/zero of=/tmp/file bs=4096 count=64"));
    let (_, errors, code) = finish(&created);
    assert!(code != 0 && errors.contains("No space left on device"), "{code} {errors}");
    drop(created);
    lives_and_ends(&small, "running", &system);
    drop(system);
    // The room for its last word was taken beforehand.
    let info = small.engine.host.inspect("running").unwrap();
    assert_eq!((&*info.state, info.exit_type.as_deref()), ("Stopped", Some("ForcedExit")));
    small.make_room();
    small.engine.host.remove("running").unwrap();
    small.all_is_well();
}

#[test]
#[ignore = "fills disks: ./x test --vm"]
fn a_full_state_disk_can_be_freed_by_removing_what_was_kept() {
    let small = Small::new("state", "");
    let system = small.started("kept");
    assert_eq!(run(&system, "dd if=/dev/zero of=/tmp/file bs=65536 count=16 2>/dev/null").1, 0);
    small.fill();
    done(&system.terminate(""));
    drop(system);
    small.engine.host.remove("kept").unwrap();
    let again = small.started("again");
    assert_eq!(run(&again, "exit 2").1, 2);
    done(&again.terminate(""));
    drop(again);
    small.engine.host.remove("again").unwrap();
    small.make_room();
    small.all_is_well();
}

#[test]
#[ignore = "fills disks: ./x test --vm"]
fn a_full_runtime_folder_refuses_new_systems_by_path_and_hurts_no_other() {
    let small = Small::new("run", "size=256k,nr_inodes=256");
    for fill in [Small::fill, Small::fill_with_names] {
        let system = small.started("running");
        fill(&small);
        let error = small.refused(Hresult::ERROR_DISK_FULL);
        assert!(error.hint().unwrap().contains("hcs gc"), "{error:?}");
        lives_and_ends(&small, "running", &system);
        drop(system);
        small.make_room();
        small.engine.host.remove("running").unwrap();
        small.all_is_well();
    }
}

#[test]
#[ignore = "makes disks read-only: ./x test --vm"]
fn a_read_only_state_disk_refuses_new_systems_by_path_and_hurts_no_other() {
    let small = Small::new("state", "");
    // Without a scratch folder and a log, whose open files would keep the disk from being made read-only.
    let system = small.engine.started("running", "");
    small.remount("ro");
    small.refused(Hresult::ERROR_WRITE_PROTECT);
    lives_and_ends(&small, "running", &system);
    drop(system);
    small.remount("rw");
    small.all_is_well();
}

#[test]
#[ignore = "makes disks read-only: ./x test --vm"]
fn a_read_only_runtime_folder_refuses_new_systems_by_path_and_hurts_no_other() {
    let small = Small::new("run", "size=256k");
    let system = small.engine.started("running", "");
    small.cover_read_only();
    small.refused(Hresult::ERROR_WRITE_PROTECT);
    lives_and_ends(&small, "running", &system);
    drop(system);
    // Who wants its name finds that nothing can be made there, and says so.
    let error = small.engine.try_create("running", &small.engine.document("")).unwrap_err();
    assert_eq!(error.hresult(), Hresult::ERROR_WRITE_PROTECT, "{error:?}");
    small.uncover();
    assert_eq!(ids(&small.engine), Vec::<String>::new());
    small.all_is_well();
}

#[test]
#[ignore = "makes disks read-only: ./x test --vm"]
fn an_engine_on_a_read_only_disk_says_so_by_path() {
    let small = Small::new("state", "");
    small.remount("ro");
    let folder = small.disk.point.join("not-there");
    let options = hcs_host_linux::Options { root: folder.clone(), ..small.engine.host.options().clone() };
    let error = hcs_host_linux::LinuxHost::open(options).unwrap_err();
    assert_eq!(error.hresult(), Hresult::ERROR_WRITE_PROTECT);
    assert!(error.to_string().contains(folder.to_str().unwrap()), "{error}");
    small.remount("rw");
}
