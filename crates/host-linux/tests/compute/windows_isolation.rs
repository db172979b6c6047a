//! What a Windows container is kept from: the host's files and processes, memory over its limit, outliving its supervisor.

use std::io::{Read as _, Write as _};

use hcs_contract::ComputeService;
use hcs_schema::Document;
use hcs_schema::compute::v2::Properties;

use super::support::{Ended, Engine, PATIENCE, done, exit_code, finish, kill_and_wait, spawn, supervisor_of};
use super::windows;
use super::windows_guests::{command, document, parameters, run, started};

/// Ids on the host of a system's processes, by the names of their programs.
fn processes(engine: &Engine, id: &str) -> Vec<(u32, String)> {
    let init = engine.host.inspect(id).unwrap().init_pid.unwrap();
    let of = |pid: &str| {
        let status = fs_err::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        // The second number is its id in the namespace that process 1 of the container has.
        let inside = fs_err::read_link(format!("/proc/{pid}/ns/pid")).ok()?;
        let own = fs_err::read_link(format!("/proc/{init}/ns/pid")).ok()?;
        (inside == own).then(|| (pid.parse().unwrap(), field("Name:").unwrap_or_default().to_owned()))
    };
    let entries = fs_err::read_dir("/proc").unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).filter_map(|pid| of(&pid)).collect()
}

#[test]
fn nothing_of_the_host_is_in_reach_of_a_windows_program() {
    let engine = Engine::new();
    let system = started(&engine, "closed", &document("", ""));
    let all = |line: &str| finish(&spawn(&system, &command(line)));
    // The unix tree behind Wine is the base's own: its one user, not the host's.
    let (users, _, code) = all(r"cmd /c type \\?\unix\etc\passwd");
    assert_eq!((users.lines().count(), code), (1, 0), "{users}");
    let host = fs_err::read_to_string("/etc/passwd").unwrap();
    assert!(!host.lines().any(|line| users.trim() == line), "{users}");
    for closed in
        [r"cmd /c dir Z:\", r"cmd /c type \\?\unix\etc\shadow", r"cmd /c echo x> \\?\unix\etc\passwd"]
    {
        let (out, errors, _) = all(closed);
        let said = format!("{out}{errors}");
        let refused = ["not found", "denied", "Failed to open"].iter().any(|word| said.contains(word));
        assert!(refused, "{closed}: {said}");
    }
    // Root inside is nobody outside, and what it writes is nobody's.
    let (map, _, _) = all(r"cmd /c type \\?\unix\proc\self\uid_map");
    let fields: Vec<u32> = map.split_whitespace().map(|field| field.parse().unwrap()).collect();
    assert!(matches!(fields[..], [0, base, 65_536] if base >= 65_536), "{map}");
    let (_, _, code) = all(r"cmd /c echo made> C:\made.txt");
    assert_eq!(code, 0);
    let scratch = engine.path("state/scratch");
    let folder = fs_err::read_dir(&scratch).unwrap().next().unwrap().unwrap().path();
    let made = fs_err::metadata(folder.join("upper/drive_c/made.txt")).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&made), fields[1]);
    done(&system.terminate(""));
}

#[test]
fn it_has_namespaces_of_its_own_and_sees_its_own_processes_only() {
    let engine = Engine::new();
    let folder = windows::probe().display().to_string();
    let more = format!(
        r#","MappedDirectories":[{{"HostPath":"{folder}","ContainerPath":"C:\\probe","ReadOnly":true}}]"#
    );
    let system = started(&engine, "alone", &document(&more, ""));
    let init = engine.host.inspect("alone").unwrap().init_pid.unwrap();
    for kind in ["pid", "mnt", "net", "ipc", "uts", "user", "cgroup"] {
        let of = |pid: &str| fs_err::read_link(format!("/proc/{pid}/ns/{kind}")).unwrap();
        assert_ne!(of(&init.to_string()), of("self"), "{kind}");
    }
    let (list, _) = run(&system, r"C:\probe\probe.exe list \\?\unix\proc\*");
    let seen = list.lines().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).count();
    // Process 1, Wine's server, the agent and the program.
    assert!((3..12).contains(&seen) && list.lines().any(|name| name == "1"), "{list}");
    done(&system.terminate(""));
}

#[test]
fn past_the_memory_limit_the_program_dies_and_the_container_lives() {
    let engine = Engine::new();
    let folder = windows::probe().display().to_string();
    let more = format!(
        r#","Memory":{{"SizeInMB":256}},"MappedDirectories":[{{"HostPath":"{folder}","ContainerPath":"C:\\probe","ReadOnly":true}}]"#
    );
    let system = started(&engine, "limited", &document(&more, ""));
    let hold = |mib: u32| spawn(&system, &command(&format!(r"C:\probe\probe.exe hold {mib}")));
    // STATUS_NO_MEMORY, which is what the kernel's way of ending it is called on Windows.
    assert_eq!(finish(&hold(1024)).2, 0xC000_0017);
    // One whose child is chosen has the exit code that it gives itself, 0 too.
    assert_eq!(run(&system, r"cmd /c C:\probe\probe.exe hold 1024 & exit 0").1, 0);
    assert_eq!(run(&system, "cmd /c exit 7").1, 7);
    let text = done(&system.properties(r#"{"PropertyTypes":["Statistics"]}"#));
    let memory = Properties::from_json(&text).unwrap().statistics.unwrap().memory.unwrap();
    assert!(memory.usage_commit_peak_bytes <= 256 << 20, "{text}");

    // Many small ones together: each is smaller than Wine's server, which is not to be chosen all the same.
    let many: Vec<_> = (0..30).map(|_| hold(12)).collect();
    let programs = processes(&engine, "limited");
    let score = |pid: u32| fs_err::read_to_string(format!("/proc/{pid}/oom_score_adj")).unwrap_or_default();
    for (pid, name) in &programs {
        let expected = if name.starts_with("probe") { "100\n" } else { "0\n" };
        let score = score(*pid);
        assert!(score == expected || score.is_empty(), "{name}: {score:?} in {programs:?}");
    }
    // Each says so when it has its memory; one that is chosen then, or before, has no more output.
    for process in &many {
        let _ = process.information.take_stdout().unwrap().read(&mut [0; 4]);
    }
    for process in &many {
        // The chosen ones have ended.
        let _ = process.process.terminate("").wait(PATIENCE);
    }
    let codes: Vec<_> = many.iter().map(|process| exit_code(&*process.process)).collect();
    let chosen = codes.iter().filter(|code| **code == 0xC000_0017).count();
    assert!((1..30).contains(&chosen), "{codes:x?}");
    assert_eq!(run(&system, "cmd /c exit 7").1, 7);
    done(&system.terminate(""));
}

#[test]
fn a_console_is_read_to_its_end_and_leaves_nothing() {
    const LAST: &str = "line 3000";
    let engine = Engine::new();
    let system = started(&engine, "console", &document("", ""));
    let supervisor = supervisor_of(&engine.host, "console");
    let descriptors = || fs_err::read_dir(format!("/proc/{supervisor}/fd")).unwrap().count();
    let before = descriptors();
    for round in 0..3 {
        let mut parameters = parameters(
            "cmd /c (echo begun& set /p x=)& (for /l %i in (1,1,3000) do @echo line %i)& exit 3010",
        );
        parameters.emulate_console = true;
        parameters.console_size = vec![25, 80];
        let created = spawn(&system, &parameters.to_json());
        let mut input = created.information.take_stdin().unwrap();
        let mut terminal = created.information.take_stdout().unwrap();
        let mut seen = String::new();
        let mut bytes = [0; 4096];
        while !seen.contains("begun") {
            let count = terminal.read(&mut bytes).unwrap();
            assert_ne!(count, 0, "{seen:?}");
            seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        let programs = processes(&engine, "console");
        let of_console = |name: &str| name.starts_with("conhost") || name.starts_with("launcher");
        let of_console: Vec<_> =
            programs.iter().filter(|(_, name)| of_console(name)).map(|(pid, _)| Ended::of(*pid)).collect();
        assert!(!of_console.is_empty(), "{programs:?}");
        input.write_all(b"\r").unwrap();
        // A terminal ends with its last program.
        while let Ok(count @ 1..) = terminal.read(&mut bytes) {
            seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        assert!(seen.contains(LAST), "{:?}", &seen[seen.len().saturating_sub(400)..]);
        assert_eq!(exit_code(&*created.process), 3010, "{round}");
        of_console.iter().for_each(Ended::wait);
        drop((input, terminal, created));
        let until = std::time::Instant::now() + PATIENCE;
        while descriptors() > before {
            assert!(std::time::Instant::now() < until, "descriptors stay open");
        }
    }
    done(&system.terminate(""));
}

#[test]
fn a_killed_supervisor_takes_wine_with_it() {
    let engine = Engine::new();
    let system = started(&engine, "victim", &document("", ""));
    run(&system, "cmd /c vol");
    let all: Vec<_> = processes(&engine, "victim").into_iter().map(|(pid, _)| Ended::of(pid)).collect();
    assert!(all.len() > 3, "process 1, Wine's server, the agent, services");
    kill_and_wait(supervisor_of(&engine.host, "victim"));
    for process in all {
        process.wait();
    }
    drop(system);
    engine.other().open_system("victim").unwrap_err();
    assert!(fs_err::read_dir(engine.path("state/scratch")).unwrap().next().is_none(), "its C: is gone");
}
