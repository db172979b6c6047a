//! What the README tells a reader to run is what CI runs, and both are there.

use std::os::unix::fs::PermissionsExt;

use crate::root;

/// The README's test command.
const TEST: &str = "./x test";

fn read(path: &str) -> String {
    fs_err::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{error}"))
}

/// Lines of the fenced `sh` blocks.
fn commands(readme: &str) -> Vec<String> {
    let blocks = readme.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    blocks
        .flat_map(str::lines)
        .map(|line| line.split(" #").next().unwrap_or(line).trim_end().to_owned())
        .collect()
}

#[test]
fn ci_runs_the_readme_s_test_command_and_nothing_else() {
    let commands = commands(&read("README.md"));
    assert!(commands.iter().any(|command| command == TEST), "no {TEST} in {commands:?}");
    assert!(commands.iter().any(|command| command.starts_with("./x run -- ")), "no ./x run in {commands:?}");
    let script = read(".ci/run");
    let lines: Vec<_> = script.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert_eq!(lines, [format!("cd \"$(dirname \"$0\")/..\" && exec {TEST}")]);
}

#[test]
fn the_scripts_can_be_started() {
    for path in ["x", ".ci/run"] {
        let mode = fs_err::metadata(root().join(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{path} is not executable");
    }
}

#[test]
fn every_x_command_in_the_documents_exists() {
    let script = read("x");
    let known: Vec<_> =
        script.lines().filter_map(|line| line.strip_prefix("./x ")?.split(' ').next()).collect();
    assert!(known.len() > 5, "the script's usage was not found: {known:?}");
    for file in crate::files(&[".md"]) {
        for (at, _) in file.text.match_indices("./x ") {
            let rest = &file.text[at + "./x ".len()..];
            let word: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
            assert!(word.is_empty() || known.contains(&word.as_str()), "{}: ./x {word}", file.path);
        }
    }
}
