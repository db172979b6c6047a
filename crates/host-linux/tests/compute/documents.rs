//! What a Linux container's document asks for holds inside.

use std::path::Path;
use std::sync::Arc;

use hcs_contract::{ComputeService, ComputeSystem};

use super::support::{Engine, SOON, done, exit_code, run, spawn};

/// A limit as the kernel keeps it: the content of the first of these files in the only system's cgroup.
fn limit(engine: &Engine, files: &[&str]) -> String {
    let folder = format!("hcs-{}", engine.host.instance());
    let mounts = fs_err::read_to_string("/proc/self/mountinfo").unwrap();
    let mounts =
        mounts.lines().filter(|line| line.contains(" - cgroup")).filter_map(|line| line.split(' ').nth(4));
    for mount in mounts {
        let Ok(systems) = fs_err::read_dir(Path::new(mount).join(&folder)) else { continue };
        for system in systems.flatten().map(|entry| entry.path()) {
            if system.extension().is_some_and(|suffix| suffix == "silo") {
                for file in files {
                    if let Ok(text) = fs_err::read_to_string(system.join(file)) {
                        return text.trim().to_owned();
                    }
                }
            }
        }
    }
    panic!("no cgroup has any of {files:?}")
}

#[test]
fn mapped_folders_and_files_are_there_and_read_only_ones_stay_so() {
    let engine = Engine::new();
    let folder = engine.path("mapped");
    fs_err::create_dir(&folder).unwrap();
    fs_err::write(folder.join("file"), "outside\n").unwrap();
    let mapped = format!(
        r#""MappedDirectories":[{{"HostPath":"{0}","ContainerPath":"/deep/in/rw"}},
            {{"HostPath":"{0}","ContainerPath":"/ro","ReadOnly":true}},
            {{"HostPath":"{0}/file","ContainerPath":"/etc/one"}}]"#,
        folder.display()
    );
    for document in [engine.document(&mapped), engine.document_2(&mapped)] {
        let system = engine.try_create("mapped", &document).unwrap();
        done(&system.start(""));
        assert_eq!(run(&system, "cat /deep/in/rw/file /ro/file /etc/one").0, "outside\noutside\noutside\n");
        assert_eq!(run(&system, "echo inside > /deep/in/rw/new").1, 0);
        assert_eq!(fs_err::read_to_string(folder.join("new")).unwrap(), "inside\n");
        assert_ne!(run(&system, "echo inside 2> /dev/null > /ro/no || exit 1").1, 0);
        assert!(!folder.join("no").exists());
        done(&system.terminate(""));
        fs_err::remove_file(folder.join("new")).unwrap();
    }
}

#[test]
fn layers_lie_over_each_other_and_writes_go_to_the_scratch_folder() {
    let engine = Engine::new();
    let upper = engine.path("layer");
    fs_err::create_dir(&upper).unwrap();
    fs_err::write(upper.join("name"), "upper\n").unwrap();
    fs_err::write(engine.root.join("name"), "lower\n").unwrap();
    let scratch = engine.path("scratch");
    fs_err::create_dir(&scratch).unwrap();
    let document = |schema: u32, scratch: &str| {
        let layers = format!(r#"[{{"Path":"{}"}},{{"Path":"{}"}}]"#, upper.display(), engine.root.display());
        if schema == 1 {
            format!(
                r#"{{"SystemType":"Container","ContainerType":"Linux","Layers":{layers},
                    "LayerFolderPath":"{scratch}"}}"#
            )
        } else {
            let mapped = format!(r#"[{{"HostPath":"{}","ContainerPath":"/up"}}]"#, upper.display());
            format!(
                r#"{{"Container":{{"Storage":{{"Layers":{layers},"Path":"{scratch}"}},"MappedDirectories":{mapped}}}}}"#
            )
        }
    };
    for schema in [1, 2] {
        let thrown_away = engine.try_create("layers", &document(schema, "")).unwrap();
        done(&thrown_away.start(""));
        assert_eq!(run(&thrown_away, "cat /name; echo x > /name; cat /name").0, "upper\nx\n");
        done(&thrown_away.terminate(""));
        drop(thrown_away);
        assert_eq!(fs_err::read_to_string(upper.join("name")).unwrap(), "upper\n");

        let kept = document(schema, scratch.to_str().unwrap());
        let expected = if schema == 1 { "upper\n" } else { "kept by 1\n" };
        let system = engine.try_create("layers", &kept).unwrap();
        done(&system.start(""));
        assert_eq!(run(&system, &format!("cat /name; echo kept by {schema} > /name")).0, expected);
        done(&system.terminate(""));
        drop(system);
    }
    assert_eq!(fs_err::read_to_string(scratch.join("upper/name")).unwrap(), "kept by 2\n");
}

#[test]
fn limits_are_the_kernels() {
    let engine = Engine::new();
    let kept = |document: &str, files: &[&str]| {
        let system = engine.try_create("limits", document).unwrap();
        let kept = limit(&engine, files);
        done(&system.terminate(""));
        kept
    };
    for (one, two, files, expected) in [
        (
            r#""MemoryMaximumInMB":64"#,
            r#""Memory":{"SizeInMB":64}"#,
            &["memory.max", "memory.limit_in_bytes"][..],
            &["67108864"][..],
        ),
        (
            r#""ProcessorCount":1"#,
            r#""Processor":{"Count":1}"#,
            &["cpu.max", "cpu.cfs_quota_us"],
            &["100000 100000", "100000"],
        ),
        (
            r#""ProcessorWeight":10000"#,
            r#""Processor":{"Weight":10000}"#,
            &["cpu.weight", "cpu.shares"],
            &["200", "2048"],
        ),
        (r#""Name":"plain""#, "", &["pids.max"], &["16384"]),
    ] {
        for document in [engine.document(one), engine.document_2(two)] {
            let kept = kept(&document, files);
            assert!(expected.contains(&kept.as_str()), "{document}: {kept}");
        }
    }
    let tied = engine.document(r#""LinuxHost":{"ProcessorAffinity":"0"}"#);
    assert_eq!(kept(&tied, &["cpuset.cpus"]), "0");
    let processors = std::thread::available_parallelism().unwrap().get();
    let quarter = (processors * 25_000).to_string();
    for document in
        [engine.document(r#""ProcessorMaximum":2500"#), engine.document_2(r#""Processor":{"Maximum":2500}"#)]
    {
        let quota = kept(&document, &["cpu.max", "cpu.cfs_quota_us"]);
        assert_eq!(quota.split(' ').next(), Some(&*quarter), "a quarter of all processors: {document}");
    }
}

#[test]
fn storage_limits_of_schema_2_are_the_kernels() {
    let engine = Engine::new();
    let document = format!(
        r#"{{"Container":{{"Storage":{{"Path":"{}","QoS":{{"IopsMaximum":777,"BandwidthMaximum":7654400}}}}}}}}"#,
        engine.root.display()
    );
    let system = engine.try_create("limits", &document).unwrap();
    for (files, rate) in [
        (["io.max", "blkio.throttle.write_iops_device"], "777"),
        (["io.max", "blkio.throttle.read_iops_device"], "777"),
        (["io.max", "blkio.throttle.write_bps_device"], "7654400"),
        (["io.max", "blkio.throttle.read_bps_device"], "7654400"),
    ] {
        let kept = limit(&engine, &files);
        assert!(kept.contains(rate), "{files:?}: {kept:?}");
    }
    done(&system.terminate(""));
}

#[test]
fn storage_is_as_slow_as_the_document_says() {
    const MIB: u32 = 1 << 20;
    let engine = Engine::new();
    // Written past the page cache: two seconds' worth of bytes or of operations.
    let took = |member: &str, blocks: u32, size: u32| {
        let system = engine.started("slow", member);
        let begun = std::time::Instant::now();
        let line = format!("busybox dd if=/dev/zero of=/big bs={size} count={blocks} oflag=direct 2>&1");
        let (said, code) = run(&system, &line);
        assert_eq!(code, 0, "{said}");
        done(&system.terminate(""));
        begun.elapsed()
    };
    let second = std::time::Duration::from_secs(1);
    for (member, blocks, size) in
        [(r#""StorageBandwidthMaximum":1048576"#, 32, MIB / 16), (r#""StorageIOPSMaximum":20"#, 40, 4096)]
    {
        let slow = took(member, blocks, size);
        assert!(slow > second, "{member}: {slow:?}");
    }
}

#[test]
fn past_its_memory_a_program_is_ended_and_the_record_says_so() {
    let engine = Engine::new();
    let more = r#""MemoryMaximumInMB":16,"LinuxHost":{"KeepAfterExit":true}"#;
    let system = engine.started("small", more);
    let greedy = r#"{"CommandArgs":["busybox","dd","if=/dev/zero","of=/dev/null","bs=64M","count=1"]}"#;
    let process = spawn(&system, greedy);
    assert_eq!(exit_code(&*process.process), 137);
    done(&system.terminate(""));
    drop((system, process));
    let info = engine.host.inspect("small").unwrap();
    assert!(info.oom_kills > Some(0), "{info:?}");
    assert_eq!(info.exit_code, Some(137));
    engine.host.remove("small").unwrap();
}

fn status(system: &Arc<dyn ComputeSystem>, name: &str) -> String {
    let (out, _) = run(system, &format!("busybox grep {name}: /proc/self/status"));
    out.split_once(':').unwrap().1.trim().to_owned()
}

#[test]
fn what_only_this_host_knows() {
    let engine = Engine::new();
    let host = |part: &str| engine.started("host", &format!(r#""LinuxHost":{{{part}}}"#));
    let uid_map = |system: &Arc<dyn ComputeSystem>| {
        let (out, _) = run(system, "cat /proc/self/uid_map");
        out.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let plain = host("");
    assert_eq!(uid_map(&plain)[1], "0");
    assert_eq!(status(&plain, "Seccomp"), "2");
    done(&plain.terminate(""));
    drop(plain);

    let open = host(r#""SeccompProfile":"Unconfined""#);
    assert_eq!(status(&open, "Seccomp"), "0");
    done(&open.terminate(""));
    drop(open);

    // Two at once share no id, and what one writes is its own root's inside, and nobody's outside.
    let first = host(r#""UserNamespace":"Auto""#);
    let second = engine.started("second", r#""LinuxHost":{"UserNamespace":"Auto"}"#);
    let (one, two) = (uid_map(&first), uid_map(&second));
    assert_eq!((one[0].as_str(), one[2].as_str()), ("0", "65536"));
    assert_ne!(one[1], two[1]);
    assert_eq!(run(&first, "echo x > /tmp/mine; busybox stat -c %u /tmp/mine").0, "0\n");
    for system in [&first, &second] {
        done(&system.terminate(""));
    }
    drop((first, second));

    let zone = host(r#""TimeZone":"Asia/Tokyo""#);
    assert_eq!(run(&zone, "date +%Z").0, "JST\n");
    done(&zone.terminate(""));
    drop(zone);

    // It stands beside the `Container` of schema 2.
    let two = engine.document_2("").replacen('{', r#"{"LinuxHost":{"TimeZone":"Asia/Tokyo"},"#, 1);
    let zone = engine.try_create("two", &two).unwrap();
    done(&zone.start(""));
    assert_eq!(run(&zone, "date +%Z").0, "JST\n");
    done(&zone.terminate(""));
    drop(zone);

    // `EndWithFirstProcess`: nobody terminates it.
    let ends = host(r#""EndWithFirstProcess":true,"KeepAfterExit":true,"Labels":{"team":"a"}"#);
    let process = spawn(&ends, r#"{"CommandArgs":["/bin/sh","-c","exit 9"]}"#);
    assert_eq!(exit_code(&*process.process), 9);
    let ended = ends.wait_exit().wait(SOON).expect("it ends with its first process");
    assert!(ended.contains("GracefulExit"), "{ended}");
    drop((ends, process));
    let info = engine.host.inspect("host").unwrap();
    assert_eq!((info.exit_code, info.labels["team"].as_str()), (Some(9), "a"));
    engine.host.remove("host").unwrap();
}

#[test]
fn the_whole_host_root_is_out_of_reach() {
    let engine = Engine::new();
    let system = engine.started("inside", "");
    let (out, _) = run(&system, "busybox ls /proc | busybox grep -c '^[0-9]'; hostname");
    let mut lines = out.lines();
    // Process 1, the shell, and the two of the pipe.
    assert!(lines.next().unwrap().parse::<u32>().unwrap() <= 4, "{out}");
    assert_eq!(lines.next(), Some("inside"));
    assert_eq!(run(&system, "busybox ls -d /var /usr 2> /dev/null").0, "");
    let listed = done(&engine.host.enumerate_systems(""));
    assert!(listed.contains(r#""RuntimeOsType":"Linux""#), "{listed}");
    done(&system.terminate(""));
}
