//! The rows of an array file, all of them, held in about 40 bytes each to be put in order: companies
//! write a part of X after Y.

use super::record::{ArrayCall, VariantRecord};
use crate::limits::MAX_ARRAY_ROWS;
use crate::position::Position;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// Rows that are collected, sorted, and given back one by one.
#[derive(Default)]
pub struct ArrayRows {
    rows: Vec<PackedRow>,
    /// Identifiers, one after the other.
    ids: String,
    contigs: Vec<String>,
    by_name: BTreeMap<String, u32>,
    /// The first row that was not given back.
    at: usize,
}

struct PackedRow {
    line: u64,
    /// 0 where there is none.
    pos: u64,
    id_start: u32,
    id_bytes: u16,
    contig: u32,
    call: [u8; 2],
}

const NO_CALL: [u8; 2] = [b'-', 0];
const INDEL_CODE: [u8; 2] = [b'I', 0];

impl ArrayRows {
    /// Adds a row.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for more rows than an array has.
    pub fn push(&mut self, record: &VariantRecord) -> Result<()> {
        let id = record.id.as_deref().unwrap_or_default();
        let (start, bytes) = (u32::try_from(self.ids.len()), u16::try_from(id.len()));
        let (Ok(id_start), Ok(id_bytes), true) = (start, bytes, self.rows.len() < MAX_ARRAY_ROWS)
        else {
            let message = format!("the file has more than {MAX_ARRAY_ROWS} rows, or endless names");
            let remedy = "give it as a VCF: a genotype array has a million rows";
            return Err(Error::input(message).with_remedy(remedy));
        };
        let contig = match self.by_name.get(&record.contig) {
            Some(contig) => *contig,
            None => {
                let contig = u32::try_from(self.contigs.len()).unwrap_or(u32::MAX);
                self.contigs.push(record.contig.clone());
                self.by_name.insert(record.contig.clone(), contig);
                contig
            }
        };
        let mut call = NO_CALL;
        match &record.call {
            Some(ArrayCall::IndelCode) => call = INDEL_CODE,
            Some(ArrayCall::Bases(bases)) => {
                call = [0; 2];
                for (to, base) in call.iter_mut().zip(bases.bytes()) {
                    *to = base;
                }
            }
            Some(ArrayCall::NoCall | ArrayCall::Genotype(_)) | None => {}
        }
        self.ids.push_str(id);
        self.rows.push(PackedRow {
            line: record.line,
            pos: record.pos.map_or(0, Position::get),
            id_start,
            id_bytes,
            contig,
            call,
        });
        Ok(())
    }

    /// Sorts the rows by `order` of their contigs (those without by name, last), and by position.
    pub fn sort(&mut self, order: impl Fn(&str) -> Option<usize>) {
        let mut contigs: Vec<(usize, &String)> = self
            .contigs
            .iter()
            .map(|contig| (order(contig).unwrap_or(usize::MAX), contig))
            .collect();
        contigs.sort();
        let sorted: Vec<String> = contigs.into_iter().map(|(_, name)| name.clone()).collect();
        let mut ranks = vec![0; sorted.len()];
        for (rank, name) in (0..).zip(&sorted) {
            let old = self.by_name.get(name).copied().unwrap_or_default();
            if let Some(to) = ranks.get_mut(old as usize) {
                *to = rank;
            }
        }
        for row in &mut self.rows {
            row.contig = ranks.get(row.contig as usize).copied().unwrap_or_default();
        }
        self.contigs = sorted;
        self.by_name.clear();
        self.rows.sort_by_key(|row| (row.contig, row.pos, row.line));
    }

    /// The contigs, in order.
    #[must_use]
    pub fn contigs(&self) -> &[String] {
        &self.contigs
    }

    /// The next row.
    pub fn take(&mut self) -> Option<VariantRecord> {
        let row = self.rows.get(self.at)?;
        self.at += 1;
        let (start, bytes) = (row.id_start as usize, usize::from(row.id_bytes));
        let id = self.ids.get(start..start + bytes).unwrap_or_default();
        let call = match row.call {
            NO_CALL => ArrayCall::NoCall,
            INDEL_CODE => ArrayCall::IndelCode,
            bases => {
                let bases = bases.iter().filter(|base| **base != 0);
                ArrayCall::Bases(bases.map(|base| char::from(*base)).collect())
            }
        };
        let contig = self.contigs.get(row.contig as usize);
        Some(VariantRecord {
            line: row.line,
            raw: None,
            contig: contig.cloned().unwrap_or_default(),
            pos: Position::new(row.pos).ok(),
            id: (!id.is_empty()).then(|| id.to_owned()),
            reference: None,
            alternates: Vec::new(),
            call: Some(call),
        })
    }

    /// How many rows were given back, and how many there are.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.at, self.rows.len())
    }
}

/// No rows: they are genotypes.
impl std::fmt::Debug for ArrayRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArrayRows")
            .field("rows", &self.rows.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::VariantReader;

    #[test]
    fn a_part_of_x_after_y_kept_outputs_from_being_indexed() {
        let text = "rsid\tchromosome\tposition\tallele1\tallele2\nrs1\t1\t9\tA\tG\nrs2\t23\t90000\tC\tC\n\
                    rs3\t24\t5\tI\tI\nrs4\t25\t70000\tT\t0\nrs5\t26\t7\t0\t0\nrs6\t1\t3\tG\tG\n";
        let mut reader = VariantReader::open(Box::new(text.as_bytes()), "in").unwrap();
        let (mut rows, mut all) = (ArrayRows::default(), Vec::new());
        while let Some(record) = reader.next_record().unwrap() {
            rows.push(&record).unwrap();
            all.push(record);
        }
        let order = ["MT", "1", "X"];
        rows.sort(|contig| order.iter().position(|known| *known == contig));
        assert_eq!(rows.contigs(), ["MT", "1", "X", "Y"]);
        let sorted: Vec<_> = std::iter::from_fn(|| rows.take()).collect();
        let want: Vec<_> = [4, 5, 0, 3, 1, 2].map(|index| all[index].clone()).into();
        assert!(sorted == want, "{sorted:?}");
        assert_eq!(rows.progress(), (6, 6));
    }
}
