//! The columns of raw-data tables: which is which, and how a line splits into fields.

use crate::limits::MAX_COLUMNS;
use std::borrow::Cow;

/// What separates the fields of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// Single tabs; fields may hold spaces.
    Tab,
    /// Any run of tabs and spaces.
    Space,
    /// Commas; fields may be quoted.
    Comma,
    /// Semicolons, where spreadsheets write numbers with a comma; fields may be quoted.
    Semicolon,
}

/// Where a table has the genotype.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GenotypeColumns {
    /// Both alleles in one column.
    One(usize),
    /// One column for each allele.
    Two(usize, usize),
}

/// The columns of a table, by their 0-based numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableLayout {
    pub(super) delimiter: Delimiter,
    pub(super) id: Option<usize>,
    pub(super) chrom: usize,
    pub(super) pos: usize,
    pub(super) genotype: GenotypeColumns,
    /// How many columns the header or the first row has.
    pub(super) columns: usize,
    /// Whether a row must have exactly so many.
    pub(super) exact: bool,
}

impl TableLayout {
    /// id, chromosome, position and one genotype or two allele columns, and nothing else.
    pub(super) const fn plain(delimiter: Delimiter, two_alleles: bool) -> Self {
        let (genotype, columns) = if two_alleles {
            (GenotypeColumns::Two(3, 4), 5)
        } else {
            (GenotypeColumns::One(3), 4)
        };
        Self {
            delimiter,
            id: Some(0),
            chrom: 1,
            pos: 2,
            genotype,
            columns,
            exact: true,
        }
    }

    /// Whether the columns are those of [`plain`](Self::plain).
    pub(super) fn is_plain(&self) -> bool {
        let plain = Self::plain(self.delimiter, self.has_two_alleles());
        *self
            == Self {
                exact: self.exact,
                ..plain
            }
    }

    pub(super) const fn has_two_alleles(&self) -> bool {
        matches!(self.genotype, GenotypeColumns::Two(..))
    }

    /// The fewest fields that a row can have.
    pub(super) fn least_fields(&self) -> usize {
        let last = match self.genotype {
            GenotypeColumns::One(column) => column,
            GenotypeColumns::Two(first, second) => first.max(second),
        };
        1 + last.max(self.chrom).max(self.pos).max(self.id.unwrap_or(0))
    }

    /// Reads a line of column names; `Err` says which column is missing.
    pub(super) fn of_header(line: &str) -> Result<Self, &'static str> {
        // Tabs first, for a name may hold a space; then any blank, for some headers mix both. Where
        // a chromosome column is found, that was the delimiter, whatever else is missing.
        for delimiter in [
            Delimiter::Tab,
            Delimiter::Comma,
            Delimiter::Semicolon,
            Delimiter::Space,
        ] {
            match Self::of_names(&split(line, delimiter), delimiter) {
                Err(CHROMOSOME) => {}
                decided => return decided,
            }
        }
        Err(CHROMOSOME)
    }

    fn of_names(fields: &[Field<'_>], delimiter: Delimiter) -> Result<Self, &'static str> {
        let names: Vec<String> = fields.iter().map(|field| plain_name(&field.text)).collect();
        let find = |wanted: &[&str]| {
            wanted
                .iter()
                .find_map(|want| names.iter().position(|name| name == want))
        };
        if names.len() > MAX_COLUMNS {
            return Err(MANY);
        }
        // Of two columns of one name nobody knows which is meant.
        let twice = |column: &usize| {
            let name = names.get(*column);
            names.iter().filter(|other| Some(*other) == name).count() > 1
        };
        let chrom = find(&["chromosome", "chrom", "chr"]).ok_or(CHROMOSOME)?;
        let pos = find(&["position", "pos", "basepairposition", "mapinfo"]).ok_or(POSITION)?;
        // Only strands of the reference will do: Illumina's TOP and Design alleles are not.
        let two = ["plus", "forward", ""].iter().find_map(|strand| {
            let first = find(&[&format!("allele1{strand}")])?;
            Some(GenotypeColumns::Two(
                first,
                find(&[&format!("allele2{strand}")])?,
            ))
        });
        let one = find(&["genotype", "result", "gt"]).map(GenotypeColumns::One);
        let genotype = two.or(one).ok_or(GENOTYPE)?;
        let called = match genotype {
            GenotypeColumns::One(column) => [column; 2],
            GenotypeColumns::Two(first, second) => [first, second],
        };
        if called.iter().chain([&chrom, &pos]).any(twice) {
            return Err(TWICE);
        }
        let id = find(&[
            "rsid",
            "name",
            "snpname",
            "markername",
            "snpid",
            "id",
            "snp",
        ]);
        // Blanks align a simple table's columns; names with a space inside need single tabs.
        let delimiter = match delimiter {
            Delimiter::Tab if !fields.iter().any(|field| field.text.contains(' ')) => {
                Delimiter::Space
            }
            delimiter => delimiter,
        };
        let columns = names.len();
        let delimiter = if columns > 6 && delimiter == Delimiter::Space {
            Delimiter::Tab
        } else {
            delimiter
        };
        Ok(Self {
            delimiter,
            id,
            chrom,
            pos,
            genotype,
            columns,
            exact: false,
        })
    }

    /// Guesses the columns of a table without a header from its first row.
    pub(super) fn of_first_row(line: &str) -> Option<Self> {
        [Delimiter::Comma, Delimiter::Semicolon, Delimiter::Space]
            .into_iter()
            .find_map(|delimiter| {
                let fields = split(line, delimiter);
                let layout = match fields.len() {
                    4 => Self::plain(delimiter, false),
                    5 => Self::plain(delimiter, true),
                    _ => return None,
                };
                let digits =
                    |field: &Field<'_>| field.text.bytes().all(|byte| byte.is_ascii_digit());
                let plausible = fields.get(layout.pos).is_some_and(|field| {
                    digits(field) || spreadsheet_number(&field.text).is_some()
                });
                plausible.then_some(Self {
                    exact: false,
                    ..layout
                })
            })
    }
}

/// The columns without which a table is no raw-data file.
pub(super) const CHROMOSOME: &str = "no column for the chromosome";
const POSITION: &str = "no column for the position";
const GENOTYPE: &str = "no column for the genotype, or alleles on a strand that is not known";
/// Two columns have a name that only one may have.
pub(super) const TWICE: &str =
    "two columns for the chromosome, the position or the genotype have the same name";
const MANY: &str = "too many columns";

/// A column's name in lower case without anything but letters and digits.
fn plain_name(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// A field's text, trimmed and unquoted, and its 0-based byte offset in the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) at: usize,
}

/// Splits a line into fields: one more than the limit where there are more.
pub(super) fn split(line: &str, delimiter: Delimiter) -> Vec<Field<'_>> {
    let most = MAX_COLUMNS + 1;
    match delimiter {
        Delimiter::Comma => split_quoted(line, ',', most),
        Delimiter::Semicolon => split_quoted(line, ';', most),
        Delimiter::Tab => split_quoted(line, '\t', most),
        Delimiter::Space => pieces(line, char::is_whitespace)
            .filter(|(text, _)| !text.is_empty())
            .map(Field::plain)
            .take(most)
            .collect(),
    }
}

impl<'a> Field<'a> {
    fn plain((text, at): (&'a str, usize)) -> Self {
        let lead = text.len() - text.trim_start().len();
        Self {
            text: Cow::Borrowed(text.trim()),
            at: at + lead,
        }
    }
}

fn pieces(line: &str, is_delimiter: impl Fn(char) -> bool) -> impl Iterator<Item = (&str, usize)> {
    let mut at = 0;
    line.split(is_delimiter).map(move |text| {
        let start = at;
        // Every delimiter here is ASCII, but a Unicode blank may be longer.
        at += text.len();
        at += line
            .get(at..)
            .and_then(|rest| rest.chars().next())
            .map_or(0, char::len_utf8);
        (text, start)
    })
}

/// The cells of a comma-separated line, trimmed and without their quotes; at most as many as a table has.
#[must_use]
pub fn comma_separated(line: &str) -> Vec<Cow<'_, str>> {
    let fields = split_quoted(line, ',', MAX_COLUMNS);
    fields.into_iter().map(|field| field.text).collect()
}

/// Fields with `"` quotes, a doubled quote inside standing for one, and `most` of them. A whole row in
/// one pair of quotes (a spreadsheet's doing) is read as its fields.
pub(super) fn split_quoted(line: &str, delimiter: char, most: usize) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, c) in line.char_indices() {
        if c == '"' {
            quoted = !quoted;
        } else if c == delimiter && !quoted {
            fields.push(unquote(line, start, at));
            start = at + 1;
            if fields.len() == most {
                return fields;
            }
        }
    }
    fields.push(unquote(line, start, line.len()));
    match fields.as_slice() {
        [only] if only.text.contains(delimiter) => {
            let piece = |(text, at): (&str, usize)| Field {
                text: text.replace('"', "").trim().to_owned().into(),
                at,
            };
            let pieces = pieces(line, |c| c == delimiter);
            pieces.map(piece).take(most).collect()
        }
        _ => fields,
    }
}

fn unquote(line: &str, start: usize, end: usize) -> Field<'_> {
    let mut field = Field::plain((line.get(start..end).unwrap_or_default(), start));
    let inner = field
        .text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    if let Some(inner) = inner {
        field.text = Cow::Owned(inner.replace("\"\"", "\"").trim().to_owned());
    }
    field
}

/// What a spreadsheet did to a position, and what helps; `None` where it was none.
pub(super) fn spreadsheet_number(text: &str) -> Option<(&'static str, &'static str)> {
    let starts = text.starts_with(|c: char| c.is_ascii_digit());
    let holds = |marks: &[char]| {
        text.contains(marks)
            && text
                .chars()
                .all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '\'') || marks.contains(&c))
    };
    if starts && holds(&['E', 'e', '.', ',']) && text.contains(['E', 'e']) {
        return Some((
            "a spreadsheet rounded the position: its last digits are lost",
            "take the file as it was downloaded, without opening it in a spreadsheet",
        ));
    }
    (starts && holds(&['.', ','])).then_some((
        "the position is written with a decimal or thousands separator, as a spreadsheet does",
        "take the file as it was downloaded, or format the column as whole numbers without separators",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str, delimiter: Delimiter) -> Vec<String> {
        split(line, delimiter)
            .into_iter()
            .map(|field| field.text.into_owned())
            .collect()
    }

    #[test]
    fn fields_split_and_know_their_place() {
        assert_eq!(
            texts("\"a,b\" , \"c\"\"d\",,e", Delimiter::Comma),
            ["a,b", "c\"d", "", "e"]
        );
        assert_eq!(
            texts("\"a\"\",\"\"1\"\",\"\"2\"", Delimiter::Comma),
            ["a", "1", "2"]
        );
        assert_eq!(texts(" a \t\t b  c ", Delimiter::Space), ["a", "b", "c"]);
        assert_eq!(texts("a b\t\tc", Delimiter::Tab), ["a b", "", "c"]);
        let offsets: Vec<_> = split("ab  c\td", Delimiter::Space)
            .iter()
            .map(|f| f.at)
            .collect();
        assert_eq!(offsets, [0, 4, 6]);
        assert_eq!(split("a\u{3000}b", Delimiter::Space).len(), 2);
    }

    #[test]
    fn rounded_positions_were_no_whole_number() {
        let message = |text| spreadsheet_number(text).map(|(message, _)| message);
        for text in ["1.23E+08", "4,12E+07", "1e8"] {
            assert!(message(text).is_some_and(|message| message.contains("rounded")));
        }
        for text in ["41.201.914", "41201914,0", "41,201,914"] {
            assert!(message(text).is_some_and(|message| message.contains("separator")));
        }
        for text in ["", "x", "41201914", "E", "1x5", "-5"] {
            assert_eq!(message(text), None, "{text}");
        }
    }

    #[test]
    fn headers_are_read_by_name() {
        let layout = TableLayout::of_header("RSID,CHROMOSOME,POSITION,RESULT").unwrap();
        assert!(layout.is_plain() && layout.delimiter == Delimiter::Comma);
        let layout =
            TableLayout::of_header(" rsid\tchromosome\tposition\tallele1\tallele2").unwrap();
        assert!(layout.is_plain() && layout.has_two_alleles());
        let mixed =
            TableLayout::of_header("rsid    chromosome  position    genotype\textra").unwrap();
        assert_eq!((mixed.delimiter, mixed.columns), (Delimiter::Space, 5));
        let illumina = "SNP Name\tAllele1 - Top\tAllele2 - Top\tChr\tPosition";
        assert_eq!(TableLayout::of_header(illumina), Err(GENOTYPE));
        let plus = format!("{illumina}\tAllele1 - Plus\tAllele2 - Plus");
        assert_eq!(
            TableLayout::of_header(&plus).unwrap().genotype,
            GenotypeColumns::Two(5, 6)
        );
        assert_eq!(TableLayout::of_header("a,b"), Err(CHROMOSOME));
    }

    #[test]
    fn of_two_columns_of_one_name_the_first_was_taken() {
        for header in [
            "rsid\tchromosome\tposition\tPosition\tgenotype",
            "rsid,chromosome,position,genotype,genotype",
            "rsid\tchromosome\tposition\tallele1\tallele2\tallele2",
        ] {
            assert_eq!(TableLayout::of_header(header), Err(TWICE), "{header}");
        }
        assert!(TableLayout::of_header("id,id,chromosome,position,genotype").is_ok());
    }
}
