//! Scores and labels of variants, one JSON object a line.
//!
//! Rows name a variant by `chrom`, `pos`, `ref` and `alt`; other fields are figures. Contigs of the
//! two files match by alias, `chr1` and `1`, as everywhere in this program, and alleles by the change that
//! they are, however each file spells it: a row of the very spelling counts first.

#[cfg(test)]
#[path = "jsonl_tests.rs"]
mod tests;

use crate::scores::pick;
use genolewm_core::bytes::Held;
use genolewm_core::contig::common_form;
use genolewm_core::edit::{TrimmedVariant, VariantSpelling};
use genolewm_core::error::Location;
use genolewm_core::evaluation::ClinicalLabel;
use genolewm_core::limits::{MAX_STATES_LINE_BYTES, MAX_STATES_NUMBERS};
use genolewm_core::provenance::Json;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::files::lines::Lines;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

/// What is kept of a row: its variant, as spelled and as changed.
pub(crate) const ROW_BYTES: usize = 200;
/// How many missing variants an error lists.
const LISTED: usize = 10;

/// What is known about each variant.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelValues {
    /// Whether it is pathogenic.
    Binary(Vec<bool>),
    /// A measured number.
    Continuous(Vec<f64>),
}

impl LabelValues {
    /// The labels of some variants.
    #[must_use]
    pub fn rows(&self, rows: &[usize]) -> Self {
        match self {
            Self::Binary(positive) => Self::Binary(pick(positive, rows)),
            Self::Continuous(values) => Self::Continuous(pick(values, rows)),
        }
    }
}

/// What makes two spellings the same change: [`VariantSpelling::trimmed`], or more where there is a
/// reference.
pub type Change<'a> = dyn FnMut(&VariantSpelling) -> Result<TrimmedVariant> + 'a;

/// Labelled variants, in the order of their keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    /// The variants, as the file spells them.
    pub keys: Vec<VariantSpelling>,
    /// The change that each is.
    pub changes: Vec<TrimmedVariant>,
    /// By variant.
    pub values: LabelValues,
}

/// What the labels of a file mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelKind<'a> {
    /// `clinical_significance`, else `label`, as [`ClinicalLabel`] reads it.
    Clinical,
    /// The number in a field.
    Number(&'a str),
}

/// The scores of the labelled variants.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// By field, in the order in which they were asked for; each by variant.
    pub columns: Vec<Vec<f64>>,
    /// Rows of variants without a label.
    pub extra: usize,
}

/// Reads labels, plain or gzip. Rows whose clinical class takes no side, or both, are left out.
///
/// # Errors
/// `RESOURCE.GENERIC` when the file cannot be read; `INPUT.GENERIC` with file and line for a row that
/// is not an object, names no variant, has no label of this kind, or names a variant a second time, in
/// whatever spelling; and when nothing is left.
pub fn read_labels(path: &Path, kind: LabelKind<'_>, change: &mut Change<'_>) -> Result<Labels> {
    let mut seen = HashSet::new();
    let mut rows = BTreeMap::new();
    each_row(path, |row| {
        let key = row.variant()?;
        let value = match kind {
            LabelKind::Clinical => match row.clinical()? {
                Some(label) => f64::from(label.is_positive()),
                None => return Ok(0),
            },
            LabelKind::Number(field) => row.number(field)?,
        };
        let change = change(&key)?;
        if !seen.insert(change.clone()) {
            return Err(second_time(&key));
        }
        rows.insert(key, (change, value));
        Ok(ROW_BYTES)
    })?;
    let (keys, rows): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let (changes, values): (Vec<_>, Vec<f64>) = rows.into_iter().unzip();
    let values = match kind {
        LabelKind::Clinical => LabelValues::Binary(values.iter().map(|&is| is > 0.0).collect()),
        LabelKind::Number(_) => LabelValues::Continuous(values),
    };
    let labels = Labels {
        keys,
        changes,
        values,
    };
    if labels.keys.is_empty() {
        return Err(refused(format!(
            "{}: no row has a label on either side",
            path.display()
        ))
        .with_remedy("give labels P, LP, B or LB in clinical_significance or label"));
    }
    Ok(labels)
}

/// Reads the given fields of every labelled variant, plain or gzip. With `generated_by`, every row
/// must name it as its maker.
///
/// # Errors
/// As [`read_labels`], for the fields; and `INPUT.GENERIC` when a labelled variant has no row, or other
/// spellings of it have different figures.
pub fn read_scores(
    path: &Path,
    fields: &[&str],
    labels: &Labels,
    generated_by: Option<&str>,
    change: &mut Change<'_>,
) -> Result<Scores> {
    let mut wanted = Wanted::new(labels, fields.len())?;
    let mut seen = HashSet::new();
    let mut extra = 0;
    each_row(path, |row| {
        row.check_maker(generated_by)?;
        let key = row.variant()?;
        let figures = fields.iter().map(|field| row.number(field));
        let figures = figures.collect::<Result<Vec<f64>>>()?;
        let scored_as = row.scored_as()?.map(|edit| edit.trimmed());
        let alias = by_alias(&key)?;
        let exact = wanted.exact.get(&alias).copied();
        if !seen.insert(alias) {
            return Err(second_time(&key));
        }
        if let Some(place) = exact {
            wanted.put(place, RowMatch::Spelling, &figures);
            return Ok(ROW_BYTES);
        }
        let place = wanted.changes.get(&change(&key)?);
        let place = place.or_else(|| wanted.changes.get(scored_as.as_ref()?));
        match place.copied() {
            Some(place) => wanted
                .add(place, &figures)
                .map_err(|error| error.with_detail("variant", &key))?,
            None => extra += 1,
        }
        Ok(ROW_BYTES)
    })?;
    wanted.check_complete(path, labels)?;
    Ok(Scores {
        columns: wanted.columns,
        extra,
    })
}

/// By what a row belongs to a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowMatch {
    /// It spells the variant as the label does.
    Spelling,
    /// It is the same change.
    Change,
}

/// The labelled variants, with what was found of them.
struct Wanted {
    exact: HashMap<VariantSpelling, usize>,
    changes: HashMap<TrimmedVariant, usize>,
    found: Vec<Option<RowMatch>>,
    columns: Vec<Vec<f64>>,
}

impl Wanted {
    fn new(labels: &Labels, fields: usize) -> Result<Self> {
        let exact = labels.keys.iter().map(by_alias).zip(0..);
        let changes = labels.changes.iter().cloned().zip(0..);
        Ok(Self {
            exact: exact
                .map(|(key, place)| Ok((key?, place)))
                .collect::<Result<_>>()?,
            changes: changes.collect(),
            found: vec![None; labels.keys.len()],
            columns: vec![vec![f64::NAN; labels.keys.len()]; fields],
        })
    }

    /// Takes the figures of a row that is the same change in another spelling, unless there are better.
    fn add(&mut self, place: usize, figures: &[f64]) -> Result<()> {
        match self.found.get(place).copied().flatten() {
            None => self.put(place, RowMatch::Change, figures),
            Some(RowMatch::Spelling) => {}
            Some(RowMatch::Change) => {
                let known = self.columns.iter().filter_map(|column| column.get(place));
                if !known.eq(figures) {
                    let error = refused("two spellings of one change have different figures");
                    return Err(error
                        .with_remedy("score the variants again, with alleles in canonical form"));
                }
            }
        }
        Ok(())
    }

    fn put(&mut self, place: usize, by: RowMatch, figures: &[f64]) {
        for (column, figure) in self.columns.iter_mut().zip(figures) {
            if let Some(slot) = column.get_mut(place) {
                *slot = *figure;
            }
        }
        if let Some(slot) = self.found.get_mut(place) {
            *slot = Some(by);
        }
    }

    fn check_complete(&self, path: &Path, labels: &Labels) -> Result<()> {
        let found = labels.keys.iter().zip(&self.found);
        let missing: Vec<String> = found
            .filter(|(_, found)| found.is_none())
            .map(|(key, _)| key.to_string())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let listed: Vec<&str> = missing.iter().take(LISTED).map(String::as_str).collect();
        Err(refused(format!(
            "{}: labelled variants have no score",
            path.display()
        ))
        .with_detail("count", missing.len())
        .with_detail("missing", listed.join(", "))
        .with_remedy("score every labelled variant, or leave it out of the labels"))
    }
}

/// The variant with its contig in the common form.
fn by_alias(key: &VariantSpelling) -> Result<VariantSpelling> {
    let contig = common_form(key.chrom());
    VariantSpelling::new(&contig, key.pos().get(), key.reference(), key.alternate())
}

fn second_time(key: &VariantSpelling) -> Error {
    refused("a variant is named a second time")
        .with_detail("variant", key)
        .with_remedy("keep one row for each variant")
}

/// A row of a file.
pub(crate) struct JsonRow<'a> {
    pub(crate) value: &'a Json,
    pub(crate) members: &'a BTreeMap<String, Json>,
}

/// Calls `each` for every row; whatever it refuses is given its place. It says how many bytes it keeps of
/// the row.
pub(crate) fn each_row(path: &Path, each: impl FnMut(&JsonRow<'_>) -> Result<usize>) -> Result<()> {
    rows_of(Lines::open(path)?, path, each)
}

/// The same for rows of states, whose lines are long.
pub(crate) fn each_row_of_states(
    path: &Path,
    each: impl FnMut(&JsonRow<'_>) -> Result<usize>,
) -> Result<()> {
    let lines = Lines::open(path)?.of_up_to(MAX_STATES_LINE_BYTES);
    rows_of(lines, path, each)
}

fn rows_of(
    mut lines: Lines,
    path: &Path,
    mut each: impl FnMut(&JsonRow<'_>) -> Result<usize>,
) -> Result<()> {
    let name = path.display().to_string();
    let mut rows = 0_u64;
    let mut held = Held::of_variants(path);
    for number in 1.. {
        let Some(line) = lines.next_line()? else {
            break;
        };
        let text = line.trim_ascii();
        if !text.is_empty() {
            rows += 1;
            let kept = row(text, &name, &mut each);
            let kept = kept.map_err(|error| placed(error, &name, number))?;
            held.has_read(lines.bytes_read());
            held.add(kept)?;
        }
    }
    if rows == 0 {
        return Err(refused(format!("{name}: there are no rows"))
            .with_remedy("give JSONL: one object a line"));
    }
    Ok(())
}

fn row(
    text: &[u8],
    name: &str,
    each: &mut impl FnMut(&JsonRow<'_>) -> Result<usize>,
) -> Result<usize> {
    if text.iter().filter(|&&byte| byte == b',').count() > MAX_STATES_NUMBERS {
        return Err(
            refused(format!("a row has more than {MAX_STATES_NUMBERS} values"))
                .with_remedy("check that this is the file that was meant, and has line ends"),
        );
    }
    let value = Json::parse(text, name)?;
    let members = value.as_object().ok_or_else(|| {
        refused("a row is not a JSON object").with_remedy("give JSONL: one object a line")
    })?;
    each(&JsonRow {
        value: &value,
        members,
    })
}

/// Keeps the column of a parser that saw one line only.
fn placed(error: Error, name: &str, line: u64) -> Error {
    let column = error.location().and_then(|location| location.column);
    error.at(Location {
        column,
        ..Location::line(name, line)
    })
}

impl JsonRow<'_> {
    fn variant(&self) -> Result<VariantSpelling> {
        let text = |field: &str| match self.members.get(field) {
            Some(Json::String(text)) => Ok(text.as_str()),
            // A chromosome written as a number.
            Some(Json::Integer(digits)) => Ok(digits.as_str()),
            _ => Err(incomplete(field)),
        };
        let pos = text("pos")?.trim().parse().map_err(|_| incomplete("pos"))?;
        VariantSpelling::new(text("chrom")?, pos, text("ref")?, text("alt")?)
    }

    /// The edit that was scored, where the row says that it is another spelling.
    fn scored_as(&self) -> Result<Option<VariantSpelling>> {
        let text = self.members.get("scored_as").and_then(Json::as_str);
        text.map(str::parse).transpose()
    }

    fn number(&self, field: &str) -> Result<f64> {
        let number = self.members.get(field).and_then(Json::as_f64);
        number.filter(|value| value.is_finite()).ok_or_else(|| {
            refused("a field is missing or no finite number")
                .with_detail("field", field)
                .with_remedy("name a field that is a number in every row")
        })
    }

    fn clinical(&self) -> Result<Option<ClinicalLabel>> {
        let field = ["clinical_significance", "label"]
            .into_iter()
            .find_map(|field| self.members.get(field));
        let text = field.and_then(Json::as_str).map(str::trim);
        let text = text.filter(|text| !text.is_empty()).ok_or_else(|| {
            refused("a row has no text in clinical_significance or label")
                .with_remedy("give P, LP, B or LB, or ClinVar's own words")
        })?;
        let plain = text.replace("%20", "_").replace('-', "_");
        Ok(ClinicalLabel::parse(
            &plain.replace("%2F", "/").replace("%2f", "/"),
        ))
    }

    /// Refuses a row of another maker than `wanted`, where that is given.
    pub(crate) fn check_maker(&self, wanted: Option<&str>) -> Result<()> {
        let found = self.members.get("generated_by").and_then(Json::as_str);
        match wanted {
            Some(wanted) if found != Some(wanted) => {
                Err(refused("a row was not made by the program it must be from")
                    .with_detail("expected", wanted)
                    .with_detail("found", found.unwrap_or("nothing"))
                    .with_remedy("make the scores again with that program"))
            }
            _ => Ok(()),
        }
    }
}

fn incomplete(field: &str) -> Error {
    refused("a row names no variant")
        .with_detail("field", field)
        .with_remedy("give chrom, pos (a whole number from 1), ref and alt")
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::InputGeneric, message)
}
