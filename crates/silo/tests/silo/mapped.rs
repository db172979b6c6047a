//! Folders of the host that are mapped into a container while it runs, and taken away again.

use std::io::Read as _;
use std::path::Path;

use hcs_silo::client::ClientError;
use hcs_silo::protocol::{Failure, Happening, Mapped, Reply, Request, State};
use hcs_silo::spec::{Mount, Source, Spec};

use super::onlookers::{saw, watch};
use super::support::{OnHost, Place, System};

fn bind(target: &str, path: &Path, read_only: bool, ids: bool) -> Mount {
    Mount { target: target.into(), source: Source::Bind { path: path.into(), id_mapped: ids }, read_only }
}

fn map(mount: &Mount) -> Request {
    Request::Map { mount: mount.clone(), io: Vec::new() }
}

fn unmap(target: &str) -> Request {
    Request::Unmap { target: target.into(), source: None }
}

fn mapped(system: &System) -> Vec<String> {
    let Ok(Reply::Mapped(Mapped { folders, .. })) = system.ask(Request::Mapped) else { panic!("no list") };
    folders.into_iter().map(|folder| folder.target).collect()
}

/// The kernel's reason for a refusal.
fn errno(result: Result<Reply, ClientError>) -> i32 {
    match result {
        Err(ClientError::Refused(Failure::Os { errno, .. })) => errno,
        other => panic!("{other:?}"),
    }
}

/// Both kinds of container over a root folder, each with a folder of the host beside it.
fn each(test: impl Fn(&Place, &mut Spec, &Path, bool)) {
    for (id, ids) in [("plain", false), ("ids", true)] {
        let place = Place::new();
        let folder = place.path("shared");
        fs_err::create_dir(&folder).unwrap();
        fs_err::write(folder.join("file"), "outside\n").unwrap();
        let mut spec = if ids { place.mapped_spec(id) } else { place.spec(id) };
        test(&place, &mut spec, &folder, ids);
    }
}

#[test]
fn folders_come_and_go_while_it_runs() {
    each(|place, spec, folder, ids| {
        spec.mapped = vec![bind("/first", folder, true, ids)];
        let system = System::started(spec);
        let file = place.path("one");
        fs_err::write(&file, "alone\n").unwrap();
        system.ask(map(&bind("/mnt/deep", folder, false, ids))).unwrap();
        system.ask(map(&bind("/ro", folder, true, ids))).unwrap();
        system.ask(map(&bind("/etc/one", &file, true, ids))).unwrap();
        assert_eq!(mapped(&system), ["/first", "/mnt/deep", "/ro", "/etc/one"]);
        let script =
            "cat /first/file /mnt/deep/file /etc/one; echo in > /mnt/deep/new; touch /ro/no; echo $?";
        let (text, _) = system.run(script);
        assert!(text.starts_with("outside\noutside\nalone\n1\n"), "{text}");
        assert_eq!(fs_err::read_to_string(folder.join("new")).unwrap(), "in\n");
        let (mounts, _) = system.run("grep /mnt/deep /proc/self/mountinfo");
        assert!(mounts.contains("nosuid,nodev"), "{mounts}");

        // One thing for each place, and nothing goes that is not there.
        assert_eq!(errno(system.ask(map(&bind("/ro", folder, false, ids)))), libc::EEXIST);
        for (target, source) in [("/nowhere", None), ("/ro", Some("/other".into()))] {
            let refused = system.ask(Request::Unmap { target: target.into(), source });
            assert!(matches!(refused, Err(ClientError::Refused(Failure::NotMapped(_)))), "{refused:?}");
        }

        // What a program has open keeps the whole.
        let mut busy = system.shell("cd /mnt/deep && echo ready && read line");
        let mut ready = [0; 6];
        std::fs::File::from(busy.fds.remove(1)).read_exact(&mut ready).unwrap();
        assert_eq!(errno(system.ask(unmap("/mnt/deep"))), libc::EBUSY);
        assert!(mapped(&system).contains(&"/mnt/deep".into()));
        drop(busy.finish());
        for target in ["/mnt/deep", "/ro", "/etc/one", "/first"] {
            system.ask(unmap(target)).unwrap();
        }
        assert!(mapped(&system).is_empty());
        let (text, _) =
            system.run("ls /mnt/deep /ro /first; cat /etc/one; grep -c shared /proc/self/mountinfo");
        assert_eq!(text.lines().last(), Some("0"), "{text}");
        assert!(!text.contains("outside") && !text.contains("alone") && !text.contains("file"), "{text}");
        // And it can come again.
        system.ask(map(&bind("/ro", folder, false, ids))).unwrap();
        assert_eq!(system.run("cat /ro/file").0, "outside\n");
        let descriptors = system.supervisor_descriptors();
        system.ask(map(&bind("/again", folder, false, ids))).unwrap();
        system.ask(unmap("/again")).unwrap();
        system.until_descriptors_are(descriptors);
        system.end();
        let host = fs_err::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!host.contains(folder.to_str().unwrap()), "{host}");
    });
}

#[test]
fn what_the_container_arranges_leads_nowhere_else() {
    each(|place, spec, folder, ids| {
        let system = System::started(spec);
        let outside = place.path("outside");
        fs_err::create_dir(&outside).unwrap();
        let up = "../../../../../../../..";
        let (text, exit) = system.run(&format!(
            "ln -s {0} /out; ln -s {up}{0} /up; ln -s /proc /looks; ln -s /proc/self/cwd /cwd",
            outside.display()
        ));
        assert_eq!(exit.code, 0, "{text}");
        // There is no such folder inside, and a link is nothing to make one through.
        for target in ["/out/x", "/up/x"] {
            assert!(system.ask(map(&bind(target, folder, false, ids))).is_err(), "{target}");
        }
        assert_eq!(fs_err::read_dir(&outside).unwrap().count(), 0);
        assert_eq!(errno(system.ask(map(&bind("/looks/sys", folder, false, ids)))), libc::EPERM);
        assert!(system.ask(map(&bind("/cwd/x", folder, false, ids))).is_err());
        assert_eq!(mapped(&system), [""; 0]);

        // A folder that was moved takes its mounts along, and they are found there.
        system.ask(map(&bind("/a b/deep", folder, false, ids))).unwrap();
        let (text, exit) = system.run("mkdir /new && /bin/busybox mv '/a b' /new/c");
        assert_eq!(exit.code, 0, "{text}");
        system.ask(map(&bind("/a b/deep/none", folder, false, ids))).unwrap();
        system.ask(unmap("/a b/deep")).unwrap();
        assert_eq!(system.run("ls /new/c/deep").0, "");
        system.end();
    });
}

/// Without a user namespace what is mounted below a folder comes along, and goes with it.
#[test]
fn what_is_mounted_below_a_folder_comes_and_goes_with_it() {
    let place = Place::new();
    let shared = place.path("shared");
    fs_err::create_dir_all(shared.join("sub")).unwrap();
    let below = OnHost::new(&shared.join("sub"));
    fs_err::write(below.path.join("file"), "below\n").unwrap();
    let system = System::started(&place.spec("t"));
    system.ask(map(&bind("/m", &shared, true, false))).unwrap();
    assert_eq!(system.run("cat /m/sub/file; touch /m/sub/x 2>/dev/null; echo $?").0, "below\n1\n");
    system.ask(unmap("/m")).unwrap();
    assert_eq!(system.run("ls /m").0, "");
    system.end();
}

/// A server that does not answer holds up who asked, and nobody else; and the end of the container is not kept waiting.
#[test]
fn many_at_once_and_the_end_in_between() {
    let place = Place::new();
    let folder = place.path("shared");
    fs_err::create_dir(&folder).unwrap();
    let system = System::started(&place.mapped_spec("many"));
    let mount = bind("/one", &folder, false, true);
    let mut answers = system.ask_many(16, &map(&mount))();
    answers.sort_by_key(Result::is_err);
    assert!(answers[0].is_ok() && answers[1..].iter().all(Result::is_err), "{answers:?}");
    let two = map(&bind("/two", &folder, false, true));
    let asked = system.ask_many(16, &two);
    system.ask(Request::Terminate).unwrap();
    // Each is answered, one way or the other.
    assert_eq!(asked().len(), 16);
    assert!(system.ask(map(&mount)).is_err());
}

#[test]
fn onlookers_are_told() {
    let place = Place::new();
    let folder = place.path("shared");
    fs_err::create_dir(&folder).unwrap();
    let spec = place.spec("seen");
    let system = System::started(&spec);
    let mut onlooker = watch(&spec, State::Running);
    system.ask(map(&bind("/m", &folder, false, false))).unwrap();
    system.ask(unmap("/m")).unwrap();
    assert_eq!(saw(&mut onlooker), Happening::Modified);
    assert_eq!(saw(&mut onlooker), Happening::Modified);
    system.end();
}
