//! Every input of the corpora, without libFuzzer: what once broke a parser does not do so again. And the parts of the
//! fuzzing fit together: each target has its program and its seeds.

#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use hcs_fuzz_targets::TARGETS;
use hcs_schema::compute::DOCUMENTS;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn no_input_of_a_corpus_breaks_its_target() {
    let mut broken = Vec::new();
    for target in TARGETS {
        let folder = fuzz().join("corpus").join(target.name);
        for name in names(&folder) {
            let bytes = fs_err::read(folder.join(&name)).unwrap();
            if catch_unwind(|| (target.run)(&bytes)).is_err() {
                broken.push(format!("{}/{name}", target.name));
            }
        }
    }
    assert!(broken.is_empty(), "the panics above are of {broken:?}");
}

/// The same for what any parser may be given, whatever it is for.
#[test]
fn no_target_breaks_on_the_inputs_of_another() {
    let mut inputs = vec![Vec::new(), vec![0; 4096], vec![0xff; 4096], b"\xef\xbb\xbf{}".to_vec()];
    for target in TARGETS {
        let folder = fuzz().join("corpus").join(target.name);
        inputs.extend(names(&folder).iter().map(|name| fs_err::read(folder.join(name)).unwrap()));
    }
    for target in TARGETS {
        for bytes in &inputs {
            let result = catch_unwind(|| (target.run)(bytes));
            assert!(result.is_ok(), "{} on {:?}", target.name, String::from_utf8_lossy(bytes));
        }
    }
}

#[test]
fn the_dictionary_has_every_member_and_every_type() {
    let dictionary = fs_err::read_to_string(fuzz().join("documents.dict")).unwrap();
    let words: BTreeSet<&str> = dictionary.lines().collect();
    for document in DOCUMENTS {
        assert!(words.contains(format!("\"{}\\x0A\"", document.name).as_str()), "{}", document.name);
        for member in document.members {
            let word = format!(r#""\"{}\":""#, member.name);
            assert!(words.contains(word.as_str()), "fuzz/documents.dict has no {word}");
        }
    }
}

#[test]
fn each_target_has_its_program_and_a_small_corpus() {
    let known: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names(&fuzz().join("corpus")), known, "fuzz/corpus");
    let programs: BTreeSet<String> =
        names(&fuzz().join("fuzz_targets")).iter().map(|name| name.replace(".rs", "")).collect();
    assert_eq!(programs, known, "fuzz/fuzz_targets");
    let manifest = fs_err::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in &known {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml has no {name}");
        let program = fs_err::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(program.contains(&format!("hcs_fuzz_targets::{name}(bytes)")), "{name}");
        // Whoever clones the repository gets every input: a few KiB for each target are enough to begin with.
        let folder = fuzz().join("corpus").join(name);
        let sizes = names(&folder).into_iter().map(|file| fs_err::metadata(folder.join(file)).unwrap().len());
        let size: u64 = sizes.sum();
        assert!((1..=64 << 10).contains(&size), "{name}: {size} bytes");
    }
}
