//! Arguments to a Windows command line: the inverse of `CommandLineToArgvW`.
//!
//! A Windows process gets one string and splits it itself. Nearly all programs split as `CommandLineToArgvW` and the
//! C runtime do, so this is how arguments become that string. `cmd.exe` is the known exception: what follows its
//! `/c` is taken as it stands.
//!
//! Source: Microsoft, "Parsing C command-line arguments" and "CommandLineToArgvW function".

use std::fmt::Write as _;

/// Why arguments can't be said in a Windows command line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandLineError {
    /// There is no program.
    #[error("the command has no program: its first argument is empty")]
    NoProgram,
    /// The program's name holds a quotation mark, which can't be escaped in that place.
    #[error("the program {0:?} holds a quotation mark, which no Windows file name can")]
    QuoteInProgram(String),
    /// An argument holds a NUL character, which would end the string.
    #[error("argument {index} ({text:?}) holds a NUL character")]
    Nul {
        /// Its place; 0 is the program.
        index: usize,
        /// The argument.
        text: String,
    },
}

/// One command line from a program and its arguments.
///
/// The program may stand in quotation marks but knows no escapes. In the arguments a quotation mark is escaped by a
/// backslash, and backslashes are doubled where a quotation mark follows them, and only there.
///
/// ```
/// let line = hcsshim::windows_command_line([r"C:\Program Files\x.exe", r"a b\", r#"say "hi""#, "", "plain"])?;
/// assert_eq!(line, r#""C:\Program Files\x.exe" "a b\\" "say \"hi\"" "" plain"#);
/// # Ok::<(), hcsshim::CommandLineError>(())
/// ```
///
/// # Errors
/// [`CommandLineError`]: the first argument is missing, empty or holds a quotation mark, or any holds a NUL.
pub fn windows_command_line<I>(arguments: I) -> Result<String, CommandLineError>
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    let mut line = String::new();
    for (index, argument) in arguments.into_iter().enumerate() {
        let argument = argument.as_ref();
        if argument.contains('\0') {
            return Err(CommandLineError::Nul { index, text: argument.into() });
        }
        if index == 0 {
            push_program(&mut line, argument)?;
        } else {
            line.push(' ');
            push_argument(&mut line, argument);
        }
    }
    if line.is_empty() { Err(CommandLineError::NoProgram) } else { Ok(line) }
}

fn push_program(line: &mut String, program: &str) -> Result<(), CommandLineError> {
    if program.is_empty() {
        Err(CommandLineError::NoProgram)
    } else if program.contains('"') {
        Err(CommandLineError::QuoteInProgram(program.into()))
    } else if needs_quotes(program) {
        let _ = write!(line, "\"{program}\""); // writing to a String can't fail
        Ok(())
    } else {
        line.push_str(program);
        Ok(())
    }
}

fn push_argument(line: &mut String, argument: &str) {
    if !needs_quotes(argument) {
        line.push_str(argument);
        return;
    }
    line.push('"');
    let mut backslashes = 0;
    for character in argument.chars() {
        match character {
            '\\' => backslashes += 1,
            '"' => {
                // Those before it were written once: once more each, and one for the mark itself.
                line.extend(std::iter::repeat_n('\\', backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        line.push(character);
    }
    line.extend(std::iter::repeat_n('\\', backslashes));
    line.push('"');
}

fn needs_quotes(argument: &str) -> bool {
    argument.is_empty() || argument.contains([' ', '\t', '\n', '\x0B', '"'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `CommandLineToArgvW`, written from its documentation and independent of the code above.
    fn split(line: &str) -> Vec<String> {
        let mut characters = line.chars().peekable();
        let mut program = String::new();
        let quoted = characters.next_if_eq(&'"').is_some();
        while let Some(character) =
            characters.next_if(|c| if quoted { *c != '"' } else { !matches!(c, ' ' | '\t') })
        {
            program.push(character);
        }
        if quoted {
            characters.next();
        }
        let mut arguments = vec![program];
        loop {
            while characters.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
            if characters.peek().is_none() {
                return arguments;
            }
            let (mut argument, mut inside) = (String::new(), false);
            loop {
                let mut backslashes = 0;
                while characters.next_if_eq(&'\\').is_some() {
                    backslashes += 1;
                }
                let mark = characters.peek() == Some(&'"');
                let literal = if mark { backslashes / 2 } else { backslashes };
                argument.extend(std::iter::repeat_n('\\', literal));
                if mark {
                    characters.next();
                    if backslashes % 2 == 1 {
                        argument.push('"');
                    } else {
                        inside = !inside;
                    }
                    continue;
                }
                match characters.next_if(|c| inside || !matches!(c, ' ' | '\t')) {
                    Some(character) => argument.push(character),
                    None => break,
                }
            }
            arguments.push(argument);
        }
    }

    #[test]
    fn the_documented_examples() {
        // "Parsing C command-line arguments", the table of results, read from right to left.
        for (arguments, line) in [
            (vec!["p", "a b c", "d", "e"], r#"p "a b c" d e"#),
            (vec!["p", "ab\"c", "\\", "d"], r#"p "ab\"c" \ d"#),
            (vec!["p", r"a\\\b", "de fg", "h"], r#"p a\\\b "de fg" h"#),
            (vec!["p", r#"a\"b"#, "c", "d"], r#"p "a\\\"b" c d"#),
            (vec!["p", r"a\\b c", "d", "e"], r#"p "a\\b c" d e"#),
            (vec!["cmd", "/c", "echo hello& exit 3010"], r#"cmd /c "echo hello& exit 3010""#),
            (vec![r"C:\a b\", "x"], r#""C:\a b\" x"#),
        ] {
            assert_eq!(windows_command_line(&arguments).unwrap(), line);
            assert_eq!(split(line), arguments);
        }
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        assert_eq!(windows_command_line([""; 0]), Err(CommandLineError::NoProgram));
        assert_eq!(windows_command_line(["", "x"]), Err(CommandLineError::NoProgram));
        assert_eq!(windows_command_line(["a\"b"]), Err(CommandLineError::QuoteInProgram("a\"b".into())));
        let nul = windows_command_line(["a", "b\0c"]).unwrap_err();
        assert_eq!(nul.to_string(), r#"argument 1 ("b\0c") holds a NUL character"#);
    }

    proptest! {
        #[test]
        fn splitting_gives_the_arguments_back(
            program in r#"[^"\x00]{1,12}"#,
            rest in prop::collection::vec(r#"([\\" \ta-c]|[^\x00]){0,10}"#, 0..6),
        ) {
            let arguments: Vec<String> = std::iter::once(program).chain(rest).collect();
            let line = windows_command_line(&arguments).unwrap();
            prop_assert_eq!(split(&line), arguments);
        }
    }
}
