//! Command lines as words: as a shell of Linux quotes them, and as Windows programs split their one line.

/// The words of a line that is quoted as for a shell; nothing is expanded. `None`: a quotation has no end.
pub(crate) fn split_linux(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        match character {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next()? {
                        '\'' => break,
                        other => word.push(other),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next()? {
                        '"' => break,
                        '\\' => match rest.next()? {
                            special @ ('"' | '\\' | '$' | '`') => word.push(special),
                            other => word.extend(['\\', other]),
                        },
                        other => word.push(other),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(rest.next()?),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Some(words)
}

/// The words of a Windows command line, by the rules of Microsoft's C runtime.
pub(crate) fn split_windows(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    let mut backslashes = 0;
    for character in line.chars() {
        if character == '\\' {
            backslashes += 1;
            continue;
        }
        let count = std::mem::take(&mut backslashes);
        let literal = if character == '"' { count / 2 } else { count };
        if literal > 0 {
            word.get_or_insert_default().extend(std::iter::repeat_n('\\', literal));
        }
        match character {
            '"' if count % 2 == 1 => word.get_or_insert_default().push('"'),
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' | '\t' if !quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    if backslashes > 0 {
        word.get_or_insert_default().extend(std::iter::repeat_n('\\', backslashes));
    }
    words.extend(word);
    words
}

/// What stands behind the first word of a Windows command line, as it is written.
pub(crate) fn behind_first(line: &str) -> &str {
    let line = line.trim_start();
    let end = match line.strip_prefix('"') {
        Some(rest) => rest.find('"').map_or(line.len(), |end| end + 2),
        None => line.find([' ', '\t']).unwrap_or(line.len()),
    };
    line[end..].trim_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_both_systems() {
        assert_eq!(split_linux(r#"a 'b c' "d\"e" f\ g ''"#).unwrap(), ["a", "b c", "d\"e", "f g", ""]);
        assert_eq!(split_linux("a 'b"), None);
        for (line, words) in [
            (r#"a.exe "b c" d"#, &["a.exe", "b c", "d"][..]),
            (r#""C:\x y\a.exe" \"q\" c:\d\"#, &[r"C:\x y\a.exe", "\"q\"", r"c:\d\"]),
            (r#"a "b\\" """#, &["a", r"b\", ""]),
        ] {
            assert_eq!(split_windows(line), words, "{line}");
        }
        assert_eq!(behind_first(r#""C:\a b.exe"  /c "x y""#), r#"/c "x y""#);
        assert_eq!(behind_first("cmd /c x"), "/c x");
    }
}
