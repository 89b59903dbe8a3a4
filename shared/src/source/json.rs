//! Sequencing.com's JSON: a list of variants, at the top or under `variants`, `records` or `data`.
//!
//! The list may be larger than memory, so the file is scanned byte by byte and one variant at a
//! time is parsed.

use super::array::contig_name;
use super::genotype::{Reading, json_genotype};
use super::record::{ArrayCall, VariantRecord, normalise_allele};
use crate::bytes::LineReader;
use crate::error::Location;
use crate::limits::{MAX_ALTERNATES, MAX_HEADER_BYTES, MAX_JSON_VARIANT_BYTES};
use crate::position::Position;
use crate::text::{is_hidden, is_plain};
use crate::{Error, ErrorCode, Result};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Value};
use std::fmt;

/// The keys under which an object may hold its list.
const LISTS: [&str; 3] = ["variants", "records", "data"];

/// Reads the list variant by variant.
pub(super) struct JsonReader {
    lines: LineReader,
    at: JsonPlace,
    in_object: bool,
}

/// How far the list is read.
#[derive(Clone, Copy)]
struct JsonPlace {
    /// The byte that was looked at but not consumed.
    peeked: Option<u8>,
    line: u64,
    column: u64,
    /// Bytes since the variant before.
    bytes: usize,
    first: bool,
    done: bool,
}

impl JsonReader {
    /// Scans up to the first variant.
    pub(super) fn open(lines: LineReader) -> Result<Self> {
        let mut reader = Self {
            lines,
            at: JsonPlace {
                peeked: None,
                line: 1,
                column: 0,
                bytes: 0,
                first: true,
                done: false,
            },
            in_object: false,
        };
        match reader.next_solid()? {
            Some(b'[') => {}
            Some(b'{') => {
                reader.in_object = true;
                if !reader.find_list(None)? {
                    let message = "there is no list of variants under variants, records or data";
                    return Err(reader.wrong(message));
                }
            }
            _ => return Err(reader.wrong("the file is neither a JSON object nor a list")),
        }
        Ok(reader)
    }

    pub(super) const fn lines(&self) -> &LineReader {
        &self.lines
    }

    /// The next variant; `None` after the last.
    ///
    /// # Errors
    /// `INPUT.VCF_PARSE`. When the variant is complete but wrong, the next call goes on with the
    /// one after it; when the file is not JSON, it returns `None`. After a wait for bytes it starts
    /// this variant anew.
    pub(super) fn next_record(&mut self) -> Result<Option<VariantRecord>> {
        if self.at.done {
            return Ok(None);
        }
        self.at.bytes = 0;
        let before = self.at;
        self.lines.mark();
        match self.scan_variant() {
            Err(error) if error.is_starved() => {
                if !self.lines.reset() {
                    return Err(self.wrong("what follows the list of variants is too long"));
                }
                self.at = before;
                Err(error)
            }
            next => next,
        }
    }

    fn scan_variant(&mut self) -> Result<Option<VariantRecord>> {
        // Whatever fails while scanning is final.
        self.at.done = true;
        let mut next = self.next_solid()?;
        if next == Some(b']') {
            self.finish()?;
            return Ok(None);
        }
        if !self.at.first {
            if next != Some(b',') {
                return Err(self.wrong("the list of variants is not valid JSON here"));
            }
            next = self.next_solid()?;
        }
        self.at.first = false;
        self.at.peeked = next;
        let mut bytes = Vec::new();
        let mut place = Location::line(self.lines.name(), self.at.line);
        place.column = Some(self.at.column.max(1));
        self.scan_value(Some(&mut bytes))?;
        self.at.done = false;
        let line = place.line.unwrap_or_default();
        parse_variant(&bytes, line)
            .map(Some)
            .map_err(|message| error(place, message))
    }

    /// Reads what follows the list.
    fn finish(&mut self) -> Result<()> {
        if self.in_object && self.find_list(Some(b','))? {
            let message = "there is a second list of variants; which one is meant is not clear";
            return Err(self.wrong(message));
        }
        match self.next_solid()? {
            None => Ok(()),
            Some(_) => Err(self.wrong("something follows the end of the JSON")),
        }
    }

    /// Skips an object's members up to a list of variants; `false` at the object's end. `separator`
    /// is what must stand before the next member.
    fn find_list(&mut self, mut separator: Option<u8>) -> Result<bool> {
        loop {
            let next = self.next_solid()?;
            match (next, separator) {
                (Some(b'}'), _) => return Ok(false),
                (next, Some(_)) if next == separator => self.at.peeked = self.next_solid()?,
                (next, None) => self.at.peeked = next,
                _ => return Err(self.wrong("the JSON object is not valid here")),
            }
            let mut key = Vec::new();
            self.scan_value(Some(&mut key))?;
            let key: String = serde_json::from_slice(&key)
                .map_err(|_| self.wrong("a key of the JSON object is not a string"))?;
            if self.next_solid()? != Some(b':') {
                return Err(self.wrong("a key of the JSON object has no value"));
            }
            self.at.peeked = self.next_solid()?;
            if LISTS.contains(&key.as_str()) && self.at.peeked == Some(b'[') {
                self.at.peeked = None;
                return Ok(true);
            }
            self.scan_value(None)?;
            separator = Some(b',');
        }
    }

    /// Consumes one value, and copies its text when asked. It is checked no further than is needed
    /// to find its end.
    fn scan_value(&mut self, mut copy: Option<&mut Vec<u8>>) -> Result<()> {
        let (mut depth, mut in_string, mut escaped, mut any) = (0_usize, false, false, false);
        while let Some(byte) = self.next_byte()? {
            let outside = !in_string && depth == 0;
            let ends_literal =
                matches!(byte, b',' | b']' | b'}' | b':') || byte.is_ascii_whitespace();
            if outside && ends_literal {
                self.at.peeked = Some(byte);
                break;
            }
            any = true;
            if let Some(copy) = copy.as_deref_mut() {
                copy.push(byte);
                if copy.len() > MAX_JSON_VARIANT_BYTES {
                    return Err(self.wrong("a variant takes more than 1 MiB"));
                }
            }
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => depth -= 1,
                _ => {}
            }
            // A string or a bracketed value ends itself; a bare word ends at what follows it.
            if depth == 0 && !in_string && matches!(byte, b'"' | b'}' | b']') {
                return Ok(());
            }
        }
        if any && depth == 0 && !in_string {
            return Ok(());
        }
        Err(self.wrong("the file is not valid JSON here, or it is cut short"))
    }

    /// The next byte that is no blank.
    fn next_solid(&mut self) -> Result<Option<u8>> {
        loop {
            match self.next_byte()? {
                Some(byte) if byte.is_ascii_whitespace() => {}
                byte => return Ok(byte),
            }
        }
    }

    fn next_byte(&mut self) -> Result<Option<u8>> {
        if let Some(byte) = self.at.peeked.take() {
            return Ok(Some(byte));
        }
        let byte = self.lines.next_byte()?;
        self.at.bytes += 1;
        if self.at.bytes > MAX_HEADER_BYTES {
            return Err(self.wrong("too much stands before, between or after the variants"));
        }
        self.at.column += 1;
        if byte == Some(b'\n') {
            self.at.line += 1;
            self.at.column = 0;
        }
        Ok(byte)
    }

    fn wrong(&self, message: &str) -> Error {
        let mut place = Location::line(self.lines.name(), self.at.line);
        place.column = Some(self.at.column.max(1));
        error(place, message)
    }
}

/// An error at a place; it never quotes, for a genotype may stand there.
fn error(place: Location, message: &str) -> Error {
    Error::new(ErrorCode::InputVcfParse, message)
        .at(place)
        .with_remedy("give a JSON list of objects with chrom, pos, ref, alt and genotype")
}

fn parse_variant(bytes: &[u8], line: u64) -> Result<VariantRecord, &'static str> {
    let fields = serde_json::from_slice(bytes).map(|Fields(fields)| fields);
    let fields = fields.map_err(|error| match error.classify() {
        Category::Data if bytes.starts_with(b"{") => "a key stands twice in the variant",
        Category::Data => "the list holds something that is not an object",
        _ => "the variant is not valid JSON",
    })?;
    let pos = position(find(&fields, &["pos", "position", "start"]))?;
    let contig = find(&fields, &["chrom", "chromosome", "chr"]).and_then(text_or_number);
    let contig = contig_name(&contig.unwrap_or_default(), pos.get(), Reading::Strict);
    if contig.eq_ignore_ascii_case("chr") || !is_plain(&contig) {
        return Err("the variant has no chromosome");
    }
    let reference = find(&fields, &["ref", "reference"])
        .and_then(Value::as_str)
        .map(str::trim);
    let reference = reference
        .filter(|text| is_plain(text))
        .ok_or("the variant has no reference allele")?;
    let id = find(&fields, &["id", "rsid", "variant_id"]).and_then(text_or_number);
    if id.as_ref().is_some_and(|id| id.contains(is_hidden)) {
        return Err("the identifier holds a hidden character");
    }
    let reference = normalise_allele(reference);
    let alternates = alternates(find(&fields, &["alt", "alts", "alternate"]))?;
    let alleles = std::iter::once(&reference).chain(&alternates);
    let alleles: Vec<&str> = alleles.map(String::as_str).collect();
    let genotype = fields.get("genotype").or_else(|| fields.get("gt"));
    let genotype = json_genotype(genotype, &alleles).ok();
    Ok(VariantRecord {
        line,
        raw: None,
        contig,
        pos: Some(pos),
        id: id.filter(|id| !id.is_empty() && id != "."),
        reference: Some(reference),
        alternates,
        call: Some(ArrayCall::Genotype(genotype)),
    })
}

/// The fields of a variant. Of a key that stands twice nobody knows which value is meant.
struct Fields(Map<String, Value>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(FieldsOf)
    }
}

struct FieldsOf;

impl<'de> Visitor<'de> for FieldsOf {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Map::new();
        while let Some((key, value)) = map.next_entry()? {
            if fields.insert(key, value).is_some() {
                return Err(A::Error::custom("a key stands twice"));
            }
        }
        Ok(Fields(fields))
    }
}

fn find<'a>(fields: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names
        .iter()
        .find_map(|name| fields.get(*name).filter(|value| !value.is_null()))
}

fn text_or_number(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

fn position(value: Option<&Value>) -> Result<Position, &'static str> {
    let number = match value.ok_or("the variant has no position")? {
        Value::String(text) => text.trim().parse().ok(),
        // Exports of data frames write whole numbers as floats; a cast of one is exact below 2^53.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Value::Number(number) => number.as_u64().or_else(|| {
            let float = number.as_f64()?;
            (float.fract() == 0.0 && (1.0..9e15).contains(&float)).then_some(float as u64)
        }),
        _ => None,
    };
    let number: u64 = number.ok_or("the position is not a whole number")?;
    Position::new(number).map_err(|_| "the position is 0, or beyond every contig")
}

fn alternates(value: Option<&Value>) -> Result<Vec<String>, &'static str> {
    let texts: Vec<&str> = match value {
        Some(Value::String(text)) => text.split(',').collect(),
        Some(Value::Array(list)) => {
            let texts: Option<_> = list.iter().map(Value::as_str).collect();
            texts.ok_or("an alternate allele is not a string")?
        }
        Some(_) => return Err("the alternate alleles are neither a string nor a list"),
        None => return Err("the variant has no alternate allele"),
    };
    let texts: Vec<&str> = texts
        .into_iter()
        .map(str::trim)
        .filter(|t| !t.is_empty())
        .collect();
    if texts.len() > MAX_ALTERNATES {
        return Err("the variant has too many alternate alleles");
    }
    if texts.is_empty()
        || texts
            .iter()
            .any(|text| !is_plain(text) || text.contains(','))
    {
        return Err("the variant has no alternate allele");
    }
    Ok(texts.into_iter().map(normalise_allele).collect())
}
