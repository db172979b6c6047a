//! Our boot program and stand-ins for services, against Wine's own boot: a container looks the same to programs.

mod windows;

use std::time::Instant;

use hcs_host_linux::wine::{Identity, OsVersion};
use hcs_silo::spec::{Mount, Source};
use windows::{PATIENCE, Place, System, base, images};

/// Sorted lines of a program's output.
fn lines(system: &System, command: &str) -> Vec<String> {
    let ran = system.run(command);
    assert_eq!((ran.stderr.as_str(), ran.code), ("", 0), "{command}");
    let mut lines: Vec<String> = ran.stdout.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn what_boot_makes_is_what_wines_own_boot_makes() {
    let place = Place::new();
    let identity = Identity { host_name: "web-1.example.org".into(), ..Identity::default() };
    let ours = System::start(place.spec("ours", &identity));
    let stock = System::start(place.stock_spec("stock", &identity));
    for command in [
        r"C:\probe\probe.exe page",
        r"C:\probe\probe.exe who",
        "cmd /c set",
        "hostname",
        "whoami",
        r"reg query HKLM\Hardware\Description /s",
        r#"reg query "HKLM\System\CurrentControlSet\Control\Session Manager\Environment""#,
        r"reg query HKLM\System\CurrentControlSet\Control\ComputerName /s",
        r"reg query HKLM\System\CurrentControlSet\Services\Tcpip\Parameters",
        r#"reg query "HKCU\Volatile Environment""#,
    ] {
        assert_eq!(lines(&ours, command), lines(&stock, command), "{command}");
    }
}

/// Each of these needs a service of Wine's; the first one starts them.
const OF_SERVICES: [&str; 4] =
    [r"cmd /c dir C:\windows\temp", "cmd /c vol", "ipconfig /all", "sc query eventlog"];

/// Shows which services run.
const RUNNING: &str = "net start";

/// What lasts of a program's output: COM's service comes and goes with what was run before.
fn lasting(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let lasts = |line: &String| !line.contains("Remote Procedure Call") && !line.contains("bytes free");
    lines.into_iter().filter(lasts).collect()
}

fn output(system: &System, command: &str) -> Vec<String> {
    lasting(lines(system, command))
}

/// Asks until all services that start by themselves run, which they do shortly after the first caller has its answer.
fn assert_all_run(system: &System, expected: &[String]) {
    let begun = Instant::now();
    loop {
        let running = output(system, RUNNING);
        if running == expected {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{running:?} instead of {expected:?}");
    }
}

#[test]
fn services_start_for_whoever_asks_first() {
    let place = Place::new();
    let stock = System::start(place.stock_spec("stock", &Identity::default()));
    let expected = OF_SERVICES.map(|command| output(&stock, command));
    let running = output(&stock, RUNNING);
    assert!(running.iter().any(|line| line.contains("Event Log")), "{running:?}");
    drop(stock);
    for first in 0..=OF_SERVICES.len() {
        let ours = System::start(place.spec(&format!("ours-{first}"), &Identity::default()));
        ours.run("hostname");
        let processes = ours.kernel_processes();
        let has = |name: &str| processes.iter().any(|line| line.contains(name));
        assert!(has("agent.exe") && !has("services.exe"), "{processes:?}");
        match OF_SERVICES.get(first) {
            Some(command) => assert_eq!(output(&ours, command), expected[first], "first {command}"),
            None => assert_all_run(&ours, &running),
        }
        for (command, expected) in OF_SERVICES.into_iter().zip(&expected) {
            assert_eq!(&output(&ours, command), expected, "{command} after {first}");
        }
        assert_all_run(&ours, &running);
        assert!(images(&ours).is_empty(), "services are not the user's programs");
    }
}

#[test]
fn all_who_ask_at_once_are_served() {
    let place = Place::new();
    let stock = System::start(place.stock_spec("stock", &Identity::default()));
    let expected = OF_SERVICES.map(|command| output(&stock, command));
    drop(stock);
    for round in 0..3 {
        let ours = System::start(place.spec(&format!("ours-{round}"), &Identity::default()));
        let all = || (0..2).flat_map(|_| OF_SERVICES.into_iter().zip(&expected));
        let programs: Vec<_> =
            all().map(|(command, _)| ours.spawn(windows::line(command)).unwrap()).collect();
        for (program, (command, expected)) in programs.into_iter().zip(all()) {
            let (ran, _) = program.finish(Vec::new());
            let mut lines: Vec<String> = ran.stdout.lines().map(str::to_owned).collect();
            lines.sort();
            assert_eq!(&lasting(lines), expected, "{command}, {ran:?}");
        }
    }
}

#[test]
fn the_document_says_who_the_container_is() {
    let place = Place::new();
    let identity = Identity {
        host_name: "a-very-long-host-name.example.org".into(),
        user: "ContainerUser".into(),
        os_version: OsVersion::parse("10.0.20348"),
    };
    let mut spec = place.spec("named", &identity);
    let zone = hcs_host_linux::wine::time_zone_file(&base().root(), "Etc/GMT-3").unwrap();
    spec.mounts.push(Mount {
        target: "/etc/localtime".into(),
        source: Source::Bind { path: zone, id_mapped: true },
        read_only: true,
    });
    let named = System::start(spec);
    let who = named.run(r"C:\probe\probe.exe who").stdout;
    for line in [
        "version 10.0.20348 type 3",
        "computer A-VERY-LONG-HOS",
        "host a-very-long-host-name",
        "user ContainerUser",
        "bias -180",
    ] {
        assert!(who.lines().any(|have| have == line), "{line} in {who}");
    }
    assert!(named.run("cmd /c ver").stdout.contains("10.0.20348"));
    let set = named.run("cmd /c set").stdout;
    for line in
        [r"USERPROFILE=C:\users\ContainerUser", "USERNAME=ContainerUser", "COMPUTERNAME=A-VERY-LONG-HOS"]
    {
        assert!(set.lines().any(|have| have == line), "{line} in {set}");
    }
    assert!(!set.lines().any(|line| line.starts_with("TZ=")), "{set}");

    // A single process may have another user's environment.
    let plain = System::new();
    let mut program = windows::line("cmd /c echo %USERNAME% %TEMP%");
    program.user = Some("ContainerUser".into());
    let ran = plain.run_program(program).unwrap();
    assert_eq!(ran.stdout, "ContainerUser C:\\users\\ContainerUser\\AppData\\Local\\Temp\n");
    let own = plain.run(r"C:\probe\probe.exe who").stdout;
    assert!(
        own.contains("version 10.0.17763 type 3") && own.contains("user ContainerAdministrator"),
        "{own}"
    );
}
