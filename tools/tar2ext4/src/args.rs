//! The command line: flags with one dash or two, values behind a space or `=`, as Go's programs take them.

use std::ffi::OsString;
use std::path::PathBuf;

/// What is printed when asked for, and after wrong usage.
pub(crate) const HELP: &str = "\
Usage of tar2ext4:
  tar2ext4 [-i tar]... -o image [flags]
  tar2ext4 ls|cat|tar|verify image [path] [flags]

  -i string
    \tinput tar, gzip or zstd file; - or nothing is standard input; several with -merge, the lowest layer first
  -o string
    \toutput file; - is standard output
  -overlay
    \tconvert whiteouts and opaque markers to those of overlay file systems
  -merge
    \tmerge the inputs into one tree: whiteouts take away what lower inputs have
  -vhd
    \tadd a VHD footer to the end of the image
  -only-vhd
    \tadd a VHD footer to the input, and nothing else
  -inline
    \twrite small file data into the inode; not compatible with DAX
  -convert-slash
    \tconvert backslashes in names and targets to slashes
  -verity
    \tadd a dm-verity hash tree, and print its root hash
  -max-size bytes
    \tfail when the image would get larger; K, M, G and T may follow the number
  -uuid uuid
    \tof the file system; else it is made from the tree
  -label string
    \tof the volume, up to 16 bytes
  -time seconds
    \twhen the file system was made, since 1970; 0 unless given
  -writable
    \tlet the kernel mount the image for writing
  -allow-missing-end
    \ttake a tar that just ends, without its end marker, for whole
  -format text|json
    \tof results
  -progress
    \tshow how far the work is, even when nobody seems to look
  -root-hash hex
    \tof verify: check the whole image by its hash tree too
  -version, -h

  ls image [path]      list a folder, or all files with -r
  cat image path       write a file's content to standard output
  tar image            write all files as a tar to standard output, or -o
  verify image         check all checksums";

/// What to do.
#[derive(Debug)]
pub(crate) enum Parsed {
    Help,
    Version,
    Run { command: Command, json: bool },
}

#[derive(Debug)]
pub(crate) enum Command {
    Convert(Convert),
    Image(Image),
}

/// How to convert.
#[derive(Debug, Default)]
pub(crate) struct Convert {
    pub(crate) inputs: Vec<PathBuf>,
    pub(crate) output: PathBuf,
    pub(crate) overlay: bool,
    pub(crate) merge: bool,
    pub(crate) vhd: bool,
    pub(crate) only_vhd: bool,
    pub(crate) inline: bool,
    pub(crate) backslashes: bool,
    pub(crate) verity: bool,
    pub(crate) limit: Option<u64>,
    pub(crate) uuid: Option<[u8; 16]>,
    pub(crate) label: Vec<u8>,
    pub(crate) time: u64,
    pub(crate) writable: bool,
    pub(crate) end_is_optional: bool,
    pub(crate) progress: bool,
}

/// What to do with an image.
#[derive(Debug)]
pub(crate) enum Image {
    List { image: PathBuf, path: Vec<u8>, all: bool },
    Cat { image: PathBuf, path: Vec<u8> },
    Tar { image: PathBuf, output: Option<PathBuf> },
    Verify { image: PathBuf, root_hash: Option<[u8; 32]> },
}

/// What is wrong with the command line.
#[derive(Debug)]
pub(crate) struct Usage {
    pub(crate) message: String,
    pub(crate) code: u8,
}

/// As scripts know it from the original.
const USAGE: u8 = 1;
const UNKNOWN_FLAG: u8 = 2;

fn wrong(message: impl Into<String>) -> Usage {
    Usage { message: message.into(), code: USAGE }
}

fn bad_value(flag: &str, value: &str, expected: &str) -> Usage {
    Usage { message: format!("invalid value {value:?} for flag -{flag}: {expected}"), code: UNKNOWN_FLAG }
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Words {
    convert: Convert,
    output: Option<PathBuf>,
    root_hash: Option<[u8; 32]>,
    recursive: bool,
    json: bool,
    plain: Vec<OsString>,
    /// Flags that were given, to refuse those that the command does not take.
    given: Vec<String>,
}

/// Flags that take no value.
const SWITCHES: [&str; 10] = [
    "overlay",
    "merge",
    "vhd",
    "only-vhd",
    "inline",
    "convert-slash",
    "verity",
    "writable",
    "allow-missing-end",
    "progress",
];

pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Parsed, Usage> {
    let mut args = args;
    let mut words = Words::default();
    while let Some(arg) = args.next() {
        let Some(text) = arg.to_str().filter(|text| text.len() > 1 && text.starts_with('-')) else {
            words.plain.push(arg);
            continue;
        };
        if text == "--" {
            words.plain.extend(args.by_ref());
            break;
        }
        let flag = text.strip_prefix("--").unwrap_or(&text[1..]);
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(OsString::from(value))),
            None => (flag, None),
        };
        match name {
            "h" | "help" => return Ok(Parsed::Help),
            "version" => return Ok(Parsed::Version),
            _ => {}
        }
        words.given.push(name.to_owned());
        if name == "r" || SWITCHES.contains(&name) {
            let on = match value.as_ref().map(|value| value.to_string_lossy()) {
                None => true,
                Some(value) => match &*value {
                    "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
                    "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
                    other => return Err(bad_value(name, other, "parse error")),
                },
            };
            words.switch(name, on);
            continue;
        }
        if !["i", "o", "max-size", "uuid", "label", "time", "format", "root-hash"].contains(&name) {
            return Err(Usage {
                message: format!("flag provided but not defined: -{name}"),
                code: UNKNOWN_FLAG,
            });
        }
        let needs = || Usage { message: format!("flag needs an argument: -{name}"), code: UNKNOWN_FLAG };
        let value = value.or_else(|| args.next()).ok_or_else(needs)?;
        words.value(name, value)?;
    }
    words.finish()
}

impl Words {
    fn switch(&mut self, name: &str, on: bool) {
        let convert = &mut self.convert;
        let place = match name {
            "overlay" => &mut convert.overlay,
            "merge" => &mut convert.merge,
            "vhd" => &mut convert.vhd,
            "only-vhd" => &mut convert.only_vhd,
            "inline" => &mut convert.inline,
            "convert-slash" => &mut convert.backslashes,
            "verity" => &mut convert.verity,
            "writable" => &mut convert.writable,
            "allow-missing-end" => &mut convert.end_is_optional,
            "progress" => &mut convert.progress,
            _ => &mut self.recursive,
        };
        *place = on;
    }

    fn value(&mut self, name: &str, value: OsString) -> Result<(), Usage> {
        let text = value.to_string_lossy().into_owned();
        let convert = &mut self.convert;
        match name {
            "i" => convert.inputs.push(value.into()),
            "o" => self.output = Some(value.into()),
            "max-size" => {
                let size = size(&text).ok_or_else(|| bad_value(name, &text, "a number of bytes"))?;
                convert.limit = Some(size);
            }
            "uuid" => {
                let uuid = hex(&text.replace('-', "")).ok_or_else(|| bad_value(name, &text, "a UUID"))?;
                convert.uuid = Some(uuid);
            }
            "label" if text.len() > 16 => return Err(bad_value(name, &text, "up to 16 bytes")),
            "label" => convert.label = text.into_bytes(),
            "time" => {
                convert.time = text.parse().map_err(|_| bad_value(name, &text, "seconds since 1970"))?;
            }
            "root-hash" => {
                let hash = hex(&text).ok_or_else(|| bad_value(name, &text, "64 hexadecimal digits"))?;
                self.root_hash = Some(hash);
            }
            _ => {
                self.json = match &*text {
                    "json" => true,
                    "text" => false,
                    _ => return Err(bad_value(name, &text, "text or json")),
                }
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Parsed, Usage> {
        let json = self.json;
        let plain = std::mem::take(&mut self.plain);
        let command = match plain.first().and_then(|word| word.to_str()) {
            None if plain.is_empty() => self.convert()?,
            Some(name @ ("ls" | "cat" | "tar" | "verify")) => {
                let name = name.to_owned();
                self.image(&name, plain)?
            }
            _ => return Err(wrong(format!("unexpected argument: {}", plain[0].to_string_lossy()))),
        };
        Ok(Parsed::Run { command, json })
    }

    fn convert(mut self) -> Result<Command, Usage> {
        self.only(&["i", "o", "max-size", "uuid", "label", "time", "format"], &SWITCHES)?;
        let mut convert = self.convert;
        convert.output = self.output.ok_or_else(|| wrong("no output file: -o is missing"))?;
        if convert.inputs.is_empty() {
            convert.inputs.push("-".into());
        }
        if convert.inputs.len() > 1 && !convert.merge {
            return Err(wrong("several inputs need -merge"));
        }
        if convert.merge && convert.overlay {
            return Err(wrong("-merge applies whiteouts, -overlay keeps them: only one can be"));
        }
        if convert.inputs.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
            return Err(wrong("standard input can be one of the inputs only"));
        }
        if convert.only_vhd {
            let given = std::mem::take(&mut self.given);
            let other =
                given.iter().find(|name| !["i", "o", "only-vhd", "vhd", "format"].contains(&name.as_str()));
            if let Some(other) = other {
                return Err(wrong(format!("-only-vhd converts nothing: -{other} has no effect with it")));
            }
        }
        Ok(Command::Convert(convert))
    }

    fn image(self, name: &str, plain: Vec<OsString>) -> Result<Command, Usage> {
        let flags: &[&str] = match name {
            "ls" => &["r", "format"],
            "tar" => &["o", "format"],
            "verify" => &["root-hash", "format"],
            _ => &["format"],
        };
        self.only(flags, &[])?;
        let mut words = plain.into_iter().skip(1);
        let image =
            words.next().map(PathBuf::from).ok_or_else(|| wrong(format!("{name}: no image is given")))?;
        let path = words.next().map(OsString::into_encoded_bytes);
        if let Some(more) = words.next() {
            return Err(wrong(format!("unexpected argument: {}", more.to_string_lossy())));
        }
        let no_path = |path: &Option<Vec<u8>>| match path {
            Some(_) => Err(wrong(format!("{name}: takes an image only"))),
            None => Ok(()),
        };
        Ok(Command::Image(match name {
            "ls" => Image::List { image, path: path.unwrap_or_default(), all: self.recursive },
            "cat" => Image::Cat { image, path: path.ok_or_else(|| wrong("cat: no path is given"))? },
            "tar" => {
                no_path(&path)?;
                Image::Tar { image, output: self.output.filter(|output| output.as_os_str() != "-") }
            }
            _ => {
                no_path(&path)?;
                Image::Verify { image, root_hash: self.root_hash }
            }
        }))
    }

    /// Refuses a flag that the command does not take: it would be ignored.
    fn only(&self, values: &[&str], switches: &[&str]) -> Result<(), Usage> {
        let other = self
            .given
            .iter()
            .find(|name| !values.contains(&name.as_str()) && !switches.contains(&name.as_str()));
        other.map_or(Ok(()), |name| Err(wrong(format!("flag -{name} has no effect here"))))
    }
}

fn size(text: &str) -> Option<u64> {
    let (digits, shift) = match text.as_bytes().last()? {
        b'K' => (&text[..text.len() - 1], 10),
        b'M' => (&text[..text.len() - 1], 20),
        b'G' => (&text[..text.len() - 1], 30),
        b'T' => (&text[..text.len() - 1], 40),
        _ => (text, 0),
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Parsed, Usage> {
        parse(text.split_whitespace().map(OsString::from))
    }

    #[test]
    fn flags_come_in_go_s_forms() {
        for text in ["-i a -o b -vhd", "--i=a --o=b --vhd=true", "-i=a -o b -vhd=1 -inline=false"] {
            let Ok(Parsed::Run { command: Command::Convert(convert), json: false }) = read(text) else {
                panic!("{text}")
            };
            assert_eq!(
                (convert.inputs.as_slice(), convert.vhd, convert.inline),
                (&["a".into()][..], true, false)
            );
        }
        assert!(matches!(read("-h"), Ok(Parsed::Help)));
    }

    #[test]
    fn wrong_usage_has_the_original_s_codes() {
        for (text, code, part) in [
            ("", 1, "-o is missing"),
            ("-o a b", 1, "unexpected argument: b"),
            ("-o a -x", 2, "flag provided but not defined: -x"),
            ("-o", 2, "flag needs an argument: -o"),
            ("-o a -vhd=perhaps", 2, "invalid value"),
            ("-o a -i b -i c", 1, "-merge"),
            ("-o a -merge -overlay", 1, "only one"),
            ("-o a -max-size 1X", 2, "bytes"),
            ("-o a -uuid 12", 2, "UUID"),
            ("-o a -format xml", 2, "json"),
            ("-o a -only-vhd -inline", 1, "-inline"),
            ("ls", 1, "no image"),
            ("ls a b c", 1, "unexpected argument: c"),
            ("cat a", 1, "no path"),
            ("verify a -o b", 1, "-o has no effect"),
        ] {
            let usage = read(text).unwrap_err();
            assert!(usage.code == code && usage.message.contains(part), "{text}: {usage:?}");
        }
    }

    #[test]
    fn sizes_and_hashes() {
        assert_eq!(
            (size("16G"), size("7"), size("x"), size("99999999T")),
            (Some(16 << 30), Some(7), None, None)
        );
        assert_eq!(hex::<2>("0aFF"), Some([10, 255]));
        assert_eq!((hex::<2>("0aF"), hex::<2>("0aFx")), (None, None));
    }
}
