//! Pages as Markdown.

use super::document::{Document, ReportBlock, Table};
use genolewm_core::text::is_hidden;

impl Document {
    /// The page as Markdown, with the captions of its pictures.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut text = format!(
            "# {}\n\n> {}\n",
            escaped(&self.title),
            escaped(&self.banner)
        );
        for block in &self.blocks {
            match block {
                ReportBlock::Heading(heading) => text += &format!("\n## {}\n", escaped(heading)),
                ReportBlock::Paragraph(words) => text += &format!("\n{}\n", escaped(words)),
                ReportBlock::List(points) => {
                    text.push('\n');
                    for point in points {
                        text += &format!("- {}\n", escaped(point));
                    }
                }
                ReportBlock::Table(table) => write_table(&mut text, table),
                ReportBlock::Pictures(figures) => {
                    text.push('\n');
                    for figure in figures {
                        let caption = escaped(&figure.caption);
                        text += &format!("- In the HTML report: {caption}\n");
                    }
                }
                ReportBlock::Image(file) => text += &format!("\n![]({file})\n"),
            }
        }
        text
    }
}

fn write_table(text: &mut String, table: &Table) {
    text.push('\n');
    write_row(text, table.head.iter().map(|cell| escaped(cell)));
    let columns = table.head.len();
    if table.text_columns == columns {
        *text += &format!("|{}\n", "---|".repeat(columns));
    } else {
        let is_text = |column| column < table.text_columns;
        let rule = |column| if is_text(column) { "---" } else { "---:" };
        write_row(text, (0..columns).map(|column| rule(column).to_owned()));
    }
    for cells in &table.rows {
        write_row(text, cells.iter().map(|cell| escaped(cell)));
    }
}

fn write_row(text: &mut String, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.collect();
    *text += &format!("| {} |\n", cells.join(" | "));
}

/// Text in which nothing is markup, on one line.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '!' | '&' | '~' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '\n' | '\r' | '\t' => escaped.push(' '),
            _ if is_hidden(character) => escaped.extend(character.escape_default()),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_was_a_picture_or_turned_the_text_round() {
        assert_eq!(
            escaped("![x](https://a) &lt; ~~y~~ \u{202e}\u{1b}[2J"),
            "\\!\\[x\\](https://a) \\&lt; \\~\\~y\\~\\~ \\u{202e}\\u{1b}\\[2J"
        );
    }

    #[test]
    fn text_is_never_markup() {
        let mut table = Table::new(1, &["a|b", "n"]);
        table.rows.push(vec!["<i>".to_owned(), "1".to_owned()]);
        let page = Document {
            title: "T_1".to_owned(),
            banner: "read\nthis".to_owned(),
            blocks: vec![
                ReportBlock::Table(table),
                ReportBlock::List(vec!["*x*".to_owned()]),
            ],
        };
        assert_eq!(
            page.to_markdown(),
            "# T\\_1\n\n> read this\n\n| a\\|b | n |\n| --- | ---: |\n| \\<i\\> | 1 |\n\n- \\*x\\*\n"
        );
    }
}
