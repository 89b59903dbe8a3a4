//! A document, before it is a page of Markdown or HTML.

/// A page.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// What must be read first.
    pub banner: String,
    /// What follows, in order.
    pub blocks: Vec<ReportBlock>,
}

/// A part of a page. All text is plain.
#[derive(Debug, Clone, PartialEq)]
pub enum ReportBlock {
    /// The heading of a section.
    Heading(String),
    /// A paragraph.
    Paragraph(String),
    /// Points, one below the other.
    List(Vec<String>),
    /// A table.
    Table(Table),
    /// Pictures that belong together.
    Pictures(Vec<Picture>),
    /// A picture in a file beside the page, by the file's name.
    Image(&'static str),
}

/// A table. Its first columns are text and the others numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Columns of text, from the left.
    pub text_columns: usize,
    /// Names of all columns.
    pub head: Vec<String>,
    /// Rows, each as wide as the head.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(text_columns: usize, head: &[&str]) -> Self {
        Self {
            text_columns,
            head: head.iter().map(|&name| name.to_owned()).collect(),
            rows: Vec::new(),
        }
    }
}

/// A picture, which only HTML shows; Markdown has its caption.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The picture.
    pub svg: String,
    /// What it shows.
    pub caption: String,
}
