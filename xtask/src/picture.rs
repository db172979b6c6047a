//! The README's picture: a session that really ran, drawn as an SVG.

use std::fmt::Write;

use crate::error::Error;
use crate::layout::Layout;
use crate::process::Tool;
use crate::{build, print};

/// What is typed. `uname` shows what machine it is; the rest is the product.
const SESSION: &[&str] = &[
    "uname -so",
    "hcs run --rm -- cmd /c ver",
    "hcs run --rm --hostname winbox --os-version 10.0.20348 -- cmd /c \"ver & hostname & whoami\"",
    "echo hello from Linux | hcs run --rm -i -- cmd /c \"set /p x=& call echo Windows got: %x%\"",
    "hcs run --rm -- cmd /c \"exit 3010\"; echo $?",
    "hcs run -d --name web --label tier=front --memory 256m -- cmd /c \"for /l %i in (0,0,1) do @rem\"",
    "hcs ls",
    "hcs ps web",
    "hcs stats web",
    "hcs rm --force web",
];

const FILE: &str = "docs/session.svg";
const FONT: u32 = 14;
const LINE: u32 = 19;
const WIDTH: u32 = 900;

/// Runs the session and draws it.
pub(crate) fn draw(layout: &Layout) -> Result<(), Error> {
    build::all(layout)?;
    let path = format!("{}:{}", layout.bin().display(), std::env::var("PATH").unwrap_or_default());
    let mut lines = Vec::new();
    for typed in SESSION {
        lines.push(format!("# {typed}"));
        // The streams in one, as a terminal shows them.
        let output = Tool::new("sh")
            .args(["-c", &format!("exec 2>&1; {typed}; true")])
            .env("PATH", &path)
            .env("COLUMNS", "100")
            .dir(&layout.root)
            .text()?;
        lines.extend(output.lines().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()));
    }
    fs_err::write(layout.root.join(FILE), svg(&lines))?;
    print::note(format_args!("drew {FILE} from {} lines", lines.len()));
    Ok(())
}

fn svg(lines: &[String]) -> String {
    let height = LINE * (u32::try_from(lines.len()).unwrap_or(0) + 2) + 24;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"8\" fill=\"#1b1f27\"/>\n\
         <circle cx=\"20\" cy=\"18\" r=\"6\" fill=\"#e0605a\"/><circle cx=\"40\" cy=\"18\" r=\"6\" fill=\"#e3b341\"/>\
         <circle cx=\"60\" cy=\"18\" r=\"6\" fill=\"#4cae4f\"/>\n\
         <g font-family=\"ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"{FONT}\" \
         xml:space=\"preserve\">\n"
    );
    let mut y = 24 + LINE;
    for line in lines {
        let colour = if line.starts_with("# ") { "#8ab4f8" } else { "#d7dae0" };
        // Writing to a string can't fail.
        let _ = writeln!(out, "<text x=\"16\" y=\"{y}\" fill=\"{colour}\">{}</text>", escape(line));
        y += LINE;
    }
    out.push_str("</g>\n</svg>\n");
    out
}

fn escape(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    text.chars()
        .map(visible)
        .collect::<String>()
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_commands_stand_out() {
        let drawn = svg(&["# a <b> & c".into(), "out\tput".into()]);
        assert!(drawn.contains("#8ab4f8\"># a &lt;b&gt; &amp; c</text>"), "{drawn}");
        assert!(drawn.contains("#d7dae0\">out put</text>"), "{drawn}");
    }
}
