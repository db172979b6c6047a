//! Words of an instruction: quotes, variables, and lists in JSON.

use super::Problem;

/// A list in JSON, if the text is one: the exec form.
pub(super) fn list(text: &str) -> Option<Vec<String>> {
    text.starts_with('[').then(|| serde_json::from_str(text).ok()).flatten()
}

/// Splits at blanks outside of quotes and puts values in for variables.
pub(super) fn split(
    text: &str,
    escape: char,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<String>, Problem> {
    let mut words = Vec::new();
    let mut reader = Reader { chars: text.chars().collect(), at: 0, escape, lookup };
    loop {
        while reader.peek().is_some_and(char::is_whitespace) {
            reader.at += 1;
        }
        if reader.peek().is_none() {
            return Ok(words);
        }
        words.push(reader.word(char::is_whitespace)?);
    }
}

/// The same text as one word.
pub(super) fn whole(
    text: &str,
    escape: char,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<String, Problem> {
    Reader { chars: text.chars().collect(), at: 0, escape, lookup }.word(|_| false)
}

struct Reader<'a> {
    chars: Vec<char>,
    at: usize,
    escape: char,
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    /// Up to a character that ends a word.
    fn word(&mut self, ends: impl Fn(char) -> bool) -> Result<String, Problem> {
        let (mut word, mut quote) = (String::new(), None);
        while let Some(next) = self.peek() {
            if quote.is_none() && ends(next) {
                break;
            }
            self.at += 1;
            match (next, quote) {
                ('\'' | '"', None) => quote = Some(next),
                (next, Some(open)) if next == open => quote = None,
                (next, Some('\'')) => word.push(next),
                ('$', _) => self.variable(&mut word)?,
                (next, quote) if next == self.escape => match self.next() {
                    // Within quotes it only takes the meaning of what has one there.
                    Some(after) if quote.is_none() || after == '"' || after == '$' || after == next => {
                        word.push(after);
                    }
                    Some(after) => word.extend([next, after]),
                    None => word.push(next),
                },
                (next, _) => word.push(next),
            }
        }
        match quote {
            Some(quote) => Err(Problem::new(format!("a quote {quote} has no end"))),
            None => Ok(word),
        }
    }

    fn variable(&mut self, word: &mut String) -> Result<(), Problem> {
        let in_braces = self.peek() == Some('{');
        self.at += usize::from(in_braces);
        let mut name = String::new();
        while let Some(next) = self.peek().filter(|next| next.is_ascii_alphanumeric() || *next == '_') {
            name.push(next);
            self.at += 1;
        }
        if !in_braces {
            if name.is_empty() {
                word.push('$');
            }
            word.push_str(&self.value(&name));
            return Ok(());
        }
        let rest: String = self.chars[self.at..].iter().take_while(|next| **next != '}').collect();
        self.at += rest.chars().count();
        let unknown =
            || Problem::new(format!("${{{name}{rest}}} is no form of a variable that is supported"));
        if name.is_empty() || self.next() != Some('}') {
            return Err(unknown());
        }
        let value = Some(self.value(&name)).filter(|value| !value.is_empty());
        match (rest.get(..2), rest.get(2..)) {
            _ if rest.is_empty() => word.push_str(&value.unwrap_or_default()),
            (Some(":-"), Some(default)) => word.push_str(&value.unwrap_or_else(|| default.to_owned())),
            (Some(":+"), Some(other)) if value.is_some() => word.push_str(other),
            (Some(":+"), Some(_)) => {}
            _ => return Err(unknown()),
        }
        Ok(())
    }

    fn value(&self, name: &str) -> String {
        (self.lookup)(name).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Result<Vec<String>, String> {
        let lookup = |name: &str| (name == "A").then(|| "1 2".to_owned());
        split(text, '\\', &lookup).map_err(|problem| problem.text)
    }

    #[test]
    fn quotes_and_variables_are_as_in_a_shell() {
        for (text, expected) in [
            ("a  b", vec!["a", "b"]),
            (r#"a="b c" 'd $A'"#, vec!["a=b c", "d $A"]),
            (r"a\ b \$A", vec!["a b", "$A"]),
            ("x$A/${A}y", vec!["x1 2/1 2y"]),
            ("${B:-d} ${A:-d} ${A:+e}${B:+f}", vec!["d", "1 2", "e"]),
            (r#""\"\x""#, vec![r#""\x"#]),
            ("$ a$", vec!["$", "a$"]),
            ("", vec![]),
        ] {
            assert_eq!(words(text).unwrap(), expected, "{text}");
        }
        for bad in ["\"x", "${A#x}", "${A", "${}"] {
            assert!(words(bad).is_err(), "{bad}");
        }
    }
}
