//! A Dockerfile's instructions: its lines put together, comments left out.

use super::Problem;

/// An instruction that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Label,
    Run,
    Shell,
    StopSignal,
    User,
    Volume,
    WorkDir,
}

const KEYWORDS: [(&str, Keyword); 15] = [
    ("ADD", Keyword::Add),
    ("ARG", Keyword::Arg),
    ("CMD", Keyword::Cmd),
    ("COPY", Keyword::Copy),
    ("ENTRYPOINT", Keyword::Entrypoint),
    ("ENV", Keyword::Env),
    ("EXPOSE", Keyword::Expose),
    ("FROM", Keyword::From),
    ("LABEL", Keyword::Label),
    ("RUN", Keyword::Run),
    ("SHELL", Keyword::Shell),
    ("STOPSIGNAL", Keyword::StopSignal),
    ("USER", Keyword::User),
    ("VOLUME", Keyword::Volume),
    ("WORKDIR", Keyword::WorkDir),
];

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) keyword: Keyword,
    /// `--name=value`, in front of the rest.
    pub(super) flags: Vec<(String, String)>,
    /// What follows.
    pub(super) rest: String,
    /// All of it on one line, for people.
    pub(super) text: String,
    /// Where it begins, from 1.
    pub(super) line: usize,
    /// What takes the meaning from the character that follows.
    pub(super) escape: char,
}

/// Reads a Dockerfile.
pub(super) fn parse(text: &str) -> Result<Vec<Instruction>, Problem> {
    let escape = directives(text)?;
    let mut instructions = Vec::new();
    let (mut whole, mut begun) = (String::new(), None);
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let bare = line.trim();
        // Also between the lines of one instruction.
        if bare.starts_with('#') || bare.is_empty() {
            continue;
        }
        let begin = *begun.get_or_insert(number + 1);
        if let Some(part) = line.trim_end().strip_suffix(escape) {
            whole.push_str(part);
        } else {
            whole.push_str(line);
            instructions.push(instruction(&std::mem::take(&mut whole), begin, escape)?);
            begun = None;
        }
    }
    match begun {
        Some(begin) => instructions.push(instruction(&whole, begin, escape)?),
        None if instructions.is_empty() => return Err(Problem::new("has no instruction")),
        None => {}
    }
    Ok(instructions)
}

/// The escape character, from the comments at the file's head.
fn directives(text: &str) -> Result<char, Problem> {
    let mut escape = '\\';
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let Some((name, value)) = line.trim().strip_prefix('#').and_then(|line| line.split_once('=')) else {
            break;
        };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        match name.as_str() {
            "escape" => match value {
                "\\" => escape = '\\',
                "`" => escape = '`',
                other => {
                    return Err(Problem::new(format!("the directive escape={other} is neither \\ nor `"))
                        .on(number + 1));
                }
            },
            // The one whose instructions these are.
            "syntax" if value == "docker/dockerfile:1" || value.starts_with("docker/dockerfile:1.") => {}
            "syntax" | "check" => {
                return Err(
                    Problem::new(format!("the directive {name}={value} is not supported")).on(number + 1)
                );
            }
            _ => break,
        }
    }
    Ok(escape)
}

fn instruction(text: &str, line: usize, escape: char) -> Result<Instruction, Problem> {
    let text = text.trim();
    let (word, mut rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let known = KEYWORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    let Some((_, keyword)) = known else {
        return Err(Problem::new(format!("the instruction {word} is not supported")).on(line));
    };
    let mut flags = Vec::new();
    loop {
        rest = rest.trim_start();
        let Some(flag) = rest.strip_prefix("--") else { break };
        let (flag, after) = flag.split_once(char::is_whitespace).unwrap_or((flag, ""));
        let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
        flags.push((name.to_owned(), value.to_owned()));
        rest = after;
    }
    if rest.is_empty() {
        return Err(Problem::new(format!("{} has nothing behind it", word.to_uppercase())).on(line));
    }
    if matches!(keyword, Keyword::Run | Keyword::Copy | Keyword::Add) && rest.contains("<<") {
        let here = rest.split("<<").nth(1).and_then(|rest| rest.chars().next());
        if here.is_some_and(|first| first.is_alphabetic() || matches!(first, '-' | '"' | '\'')) {
            return Err(Problem::new("here-documents (<<) are not supported").on(line));
        }
    }
    Ok(Instruction { keyword: *keyword, flags, rest: rest.to_owned(), text: text.to_owned(), line, escape })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rests(text: &str) -> Result<Vec<(Keyword, String)>, String> {
        let parsed = parse(text).map_err(|problem| format!("{}: {}", problem.line, problem.text))?;
        Ok(parsed.into_iter().map(|instruction| (instruction.keyword, instruction.rest)).collect())
    }

    #[test]
    fn lines_are_put_together_and_comments_left_out() {
        let text = "# a comment\nfrom x\nRUN a \\\n  # inside\n\n  b\nCMD [\"x\"] \\";
        assert_eq!(
            rests(text).unwrap(),
            [(Keyword::From, "x".into()), (Keyword::Run, "a   b".into()), (Keyword::Cmd, "[\"x\"]".into())]
        );
        let windows = "# escape=`\nFROM x\nWORKDIR C:\\app\\\nRUN a `\nb";
        assert_eq!(
            rests(windows).unwrap()[1..],
            [(Keyword::WorkDir, "C:\\app\\".into()), (Keyword::Run, "a b".into())]
        );
    }

    #[test]
    fn what_is_not_known_is_named_with_its_line() {
        for (text, expected) in [
            ("FROM x\nHEALTHCHECK NONE", "2: the instruction HEALTHCHECK is not supported"),
            ("FROM x\n\nONBUILD RUN x", "3: the instruction ONBUILD is not supported"),
            ("FROM x\nRUN <<EOF\nx\nEOF", "2: here-documents (<<) are not supported"),
            ("FROM x\nRUN", "2: RUN has nothing behind it"),
            ("# syntax=other/front:1\nFROM x", "1: the directive syntax=other/front:1 is not supported"),
            ("# escape=x\nFROM x", "1: the directive escape=x is neither \\ nor `"),
            ("\n# nothing\n", "0: has no instruction"),
        ] {
            assert_eq!(rests(text), Err(expected.into()), "{text}");
        }
    }

    #[test]
    fn flags_stand_in_front() {
        let parsed = parse("COPY --chown=1:2 --link a --b").unwrap();
        assert_eq!(parsed[0].flags, [("chown".into(), "1:2".into()), ("link".into(), String::new())]);
        assert_eq!(parsed[0].rest, "a --b");
    }
}
