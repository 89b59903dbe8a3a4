//! Pages as HTML: one file that asks for nothing else.

use super::document::{Document, Picture, ReportBlock, Table};
use super::svg;

const STYLE: &str = include_str!("report.css");
/// Nothing is fetched and nothing runs, whatever names a report quotes.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

impl Document {
    /// The page as HTML, with its pictures inside; light or dark as the reader's system is.
    #[must_use]
    pub fn to_html(&self) -> String {
        let title = escaped(&self.title);
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <h1>{title}</h1>\n<p class=\"banner\" role=\"note\">{}</p>\n",
            escaped(&self.banner)
        );
        let mut section = "";
        for block in &self.blocks {
            if let ReportBlock::Heading(heading) = block {
                section = heading;
            }
            write_block(&mut page, block, section);
        }
        page.push_str("</main>\n</body>\n</html>\n");
        page
    }
}

fn write_block(page: &mut String, block: &ReportBlock, section: &str) {
    match block {
        ReportBlock::Heading(heading) => *page += &format!("<h2>{}</h2>\n", escaped(heading)),
        ReportBlock::Paragraph(words) => *page += &format!("<p>{}</p>\n", escaped(words)),
        ReportBlock::List(points) => {
            page.push_str("<ul>\n");
            for point in points {
                *page += &format!("<li>{}</li>\n", escaped(point));
            }
            page.push_str("</ul>\n");
        }
        ReportBlock::Table(table) => write_table(page, table, section),
        ReportBlock::Pictures(figures) => {
            page.push_str("<div class=\"figures\">\n");
            for Picture { svg, caption } in figures {
                let caption = escaped(caption);
                *page += &format!("<figure>\n{svg}<figcaption>{caption}</figcaption>\n</figure>\n");
            }
            page.push_str("</div>\n");
        }
        ReportBlock::Image(file) => {
            // A page asks for no other file.
            *page += &format!("<p>{}</p>\n", escaped(file));
        }
    }
}

/// A wide table scrolls by itself, with the keyboard too.
fn write_table(page: &mut String, table: &Table, section: &str) {
    let class = |column: usize| match column < table.text_columns {
        true => "",
        false => " class=\"number\"",
    };
    *page += &format!(
        "<div class=\"table\" role=\"region\" aria-label=\"{}\" tabindex=\"0\">\n<table{}>\n<thead><tr>",
        escaped(section),
        if table.text_columns == table.head.len() {
            " class=\"words\""
        } else {
            ""
        }
    );
    for (column, name) in table.head.iter().enumerate() {
        let class = class(column);
        *page += &format!("<th scope=\"col\"{class}>{}</th>", escaped(name));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for cells in &table.rows {
        page.push_str("<tr>");
        for (column, cell) in cells.iter().enumerate() {
            *page += &format!("<td{}>{}</td>", class(column), breakable(cell));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table>\n</div>\n");
}

/// Names may break after the marks that join their words.
fn breakable(text: &str) -> String {
    escaped(text).replace('_', "_<wbr>").replace('/', "/<wbr>")
}

fn escaped(text: &str) -> String {
    svg::escape(text).replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::Plot;

    #[test]
    fn pages_ask_for_nothing_and_quote_everything() {
        let mut table = Table::new(1, &["name", "n"]);
        table
            .rows
            .push(vec!["<img src=x>".to_owned(), "1".to_owned()]);
        let svg = Plot::new("a", "x", "y")
            .line("b", vec![(0.0, 1.0)])
            .to_svg();
        let caption = "\"c\" & d".to_owned();
        let page = Document {
            title: "<T>".to_owned(),
            banner: "banner".to_owned(),
            blocks: vec![
                ReportBlock::Heading("H \"1\"".to_owned()),
                ReportBlock::Table(table),
                ReportBlock::Pictures(vec![Picture { svg, caption }]),
            ],
        }
        .to_html();
        assert!(page.contains("&lt;img src=x&gt;") && page.contains("&quot;c&quot; &amp; d"));
        assert!(page.contains("aria-label=\"H &quot;1&quot;\"") && page.contains("<svg"));
        // The namespace of SVG names no place to ask.
        let plain = page.replace("http://www.w3.org/2000/svg", "");
        let plain = plain.replace("http-equiv", "");
        for asked in ["http", "src=\"", "href=", "url(", "@import", "<script"] {
            assert!(!plain.contains(asked), "{asked}");
        }
    }
}
