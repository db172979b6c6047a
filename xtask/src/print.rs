//! The one place that prints: results on standard output, everything else on standard error.

#![expect(clippy::print_stdout, reason = "the printer")]

use std::fmt::Display;

/// A line of the result.
pub(crate) fn line(text: impl Display) {
    println!("{text}");
}

/// A line about what goes on, for people.
pub(crate) fn note(text: impl Display) {
    eprintln!("{text}");
}

/// Columns as wide as their widest cell; numbers to the right.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|i| rows.iter().filter_map(|row| row.get(i)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, &width) in row.iter().zip(&widths) {
            let pad = " ".repeat(width - cell.chars().count());
            if cell.parse::<f64>().is_ok() {
                line.push_str(&pad);
                line.push_str(cell);
            } else {
                line.push_str(cell);
                line.push_str(&pad);
            }
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_are_aligned_and_lines_have_no_trailing_blanks() {
        let rows =
            [["name", "s"], ["a", "7"], ["long name", "123"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "name       s\na            7\nlong name  123\n");
    }
}
