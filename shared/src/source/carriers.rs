//! Who carries an allele: the genotypes of a VCF's samples.

use super::reader::VariantReader;
use super::record::{ArrayCall, VariantRecord};
use crate::{Error, Result};
use std::fmt;

/// VCF's columns before those of the samples.
const COLUMNS_BEFORE_SAMPLES: usize = 9;
/// The column that says in which order a sample's fields stand.
const FORMAT_COLUMN: usize = 8;
/// Names that an error lists.
const NAMED: usize = 5;

/// Whose alleles are looked at in a VCF with samples. Where a record has no genotypes (a file of sites,
/// a FORMAT without GT, a genotype that cannot be read), all of its alleles are.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Whose {
    /// Those that at least one sample carries.
    #[default]
    Anyone,
    /// Those that at least one of these samples carries. A name with commas that is no sample's is
    /// a list of names.
    Samples(Vec<String>),
    /// All, carried or not.
    Everything,
}

impl Whose {
    /// Everything, or the samples of these names, or anyone where there are none.
    #[must_use]
    pub fn of(samples: Vec<String>, everything: bool) -> Self {
        match (everything, samples.is_empty()) {
            (true, _) => Self::Everything,
            (false, true) => Self::Anyone,
            (false, false) => Self::Samples(samples),
        }
    }
}

/// Names of samples are names of people: they stay out of debug output.
impl fmt::Debug for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("Anyone"),
            Self::Samples(names) => write!(f, "Samples({})", names.len()),
            Self::Everything => f.write_str("Everything"),
        }
    }
}

/// How many copies of an allele somebody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zygosity {
    /// Some copies have it, others do not.
    Heterozygous,
    /// All of several copies have it.
    Homozygous,
    /// The only copy has it.
    Hemizygous,
}

names! {
    /// The name that rows use.
    Zygosity:
    Heterozygous = "heterozygous",
    Homozygous = "homozygous",
    Hemizygous = "hemizygous",
}

/// A sample's genotype.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genotype {
    /// The allele of each copy by number, 0 for the reference, `None` for one that is not known.
    pub copies: Vec<Option<usize>>,
    /// Whether the copies are told apart: `0|1`.
    pub is_phased: bool,
}

/// The samples of an open file whose genotypes decide; none where everything is looked at.
#[derive(Debug, Clone, Default)]
pub struct Carriers {
    /// Columns of the file, from 0, ascending.
    columns: Vec<usize>,
}

impl Carriers {
    /// The samples of `reader` that are meant.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a name that is no sample's; it lists some that are.
    pub fn new(reader: &VariantReader, whose: &Whose) -> Result<Self> {
        let samples = reader.samples();
        let columns = match whose {
            Whose::Everything => Vec::new(),
            Whose::Anyone => (0..samples.len()).collect(),
            Whose::Samples(names) => columns_of(names, &samples, reader.name())?,
        };
        let column = |sample: usize| sample + COLUMNS_BEFORE_SAMPLES;
        Ok(Self {
            columns: columns.into_iter().map(column).collect(),
        })
    }

    /// Whether each alternate allele of a record is carried; `None` where that is not asked, or not
    /// known.
    ///
    /// ```
    /// use genolewm_core::source::{Carriers, VariantReader, Whose};
    /// let vcf = "##fileformat=VCFv4.2\n\
    ///            #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tann\tbob\n\
    ///            17\t5\t.\tG\tA,T\t.\t.\t.\tGT\t0/1\t0|2\n";
    /// let mut reader = VariantReader::open(Box::new(vcf.as_bytes()), "in.vcf")?;
    /// let bob = Carriers::new(&reader, &Whose::Samples(vec!["bob".into()]))?;
    /// let record = reader.next_record()?.expect("one record");
    /// assert_eq!(bob.carried(&record), Some(vec![false, true]));
    /// # Ok::<(), genolewm_core::Error>(())
    /// ```
    #[must_use]
    pub fn carried(&self, record: &VariantRecord) -> Option<Vec<bool>> {
        if self.columns.is_empty() {
            return None;
        }
        let mut carried = vec![false; record.alternates.len()];
        for genotype in self.genotypes(record)? {
            for alternate in genotype
                .copies
                .into_iter()
                .flatten()
                .filter_map(|n| n.checked_sub(1))
            {
                *carried.get_mut(alternate)? = true;
            }
        }
        // An allele that is listed twice is carried under either number.
        let spelled = |wanted: &String| {
            let mut numbered = record.alternates.iter().zip(&carried);
            numbered.any(|(alternate, carried)| *carried && alternate == wanted)
        };
        Some(record.alternates.iter().map(spelled).collect())
    }

    /// How many copies of an alternate allele (from 0) the one sample has that is looked at, or the
    /// person of an array file; `None` for several samples, and where it is not known.
    #[must_use]
    pub fn zygosity(&self, record: &VariantRecord, alternate: usize) -> Option<Zygosity> {
        let allele = record.alternates.get(alternate)?;
        let has: Vec<bool> = match (&record.call, self.columns.as_slice()) {
            (Some(ArrayCall::Bases(bases)), _) => {
                bases.chars().map(|base| allele.contains(base)).collect()
            }
            (None, [_]) => {
                let copies = self.genotypes(record)?.pop()?.copies;
                let spelled = |number: usize| record.alternates.get(number.checked_sub(1)?);
                let is_it = |copy: Option<usize>| copy.and_then(spelled) == Some(allele);
                copies.into_iter().map(is_it).collect()
            }
            _ => return None,
        };
        let copies = has.iter().filter(|has| **has).count();
        match (copies, has.len()) {
            (0, _) => None,
            (1, 1) => Some(Zygosity::Hemizygous),
            (copies, all) if copies == all => Some(Zygosity::Homozygous),
            _ => Some(Zygosity::Heterozygous),
        }
    }

    /// The genotypes of the samples, in the order of their columns; `None` where the record has none that
    /// can be read.
    #[must_use]
    pub fn genotypes(&self, record: &VariantRecord) -> Option<Vec<Genotype>> {
        let columns: Vec<&str> = record.raw.as_deref()?.split('\t').collect();
        let format = columns.get(FORMAT_COLUMN)?;
        let field = format.split(':').position(|key| key == "GT")?;
        let of_sample = |column: &usize| {
            // Fields at the end may be left out.
            let text = columns.get(*column)?.split(':').nth(field).unwrap_or(".");
            genotype(text)
        };
        self.columns.iter().map(of_sample).collect()
    }
}

/// `0/1`, `1|1`, `1`, `./.`, and VCF 4.4's `|0/1`. `None` for what is no genotype.
fn genotype(text: &str) -> Option<Genotype> {
    let phase = ['/', '|'];
    let text = text.strip_prefix(phase).unwrap_or(text);
    let copy = |copy: &str| match copy {
        "." => Some(None),
        number => number.parse().ok().map(Some),
    };
    Some(Genotype {
        copies: text.split(phase).map(copy).collect::<Option<_>>()?,
        is_phased: !text.contains('/'),
    })
}

fn columns_of(names: &[String], samples: &[&str], file: &str) -> Result<Vec<usize>> {
    let of = |name: &str| -> Vec<usize> {
        let numbered = samples.iter().enumerate();
        let same = numbered.filter(|(_, sample)| **sample == name);
        same.map(|(number, _)| number).collect()
    };
    let mut columns = Vec::new();
    for name in names {
        let whole = of(name);
        let parts: Vec<&str> = match whole.is_empty() {
            true => name.split(',').map(str::trim).collect(),
            false => vec![name],
        };
        for part in parts {
            let found = of(part);
            if found.is_empty() {
                return Err(no_such_sample(part, samples, file));
            }
            if found.len() > 1 {
                return Err(Error::input("two samples of the file have this name")
                    .in_file(file)
                    .with_detail("sample", part)
                    .with_remedy("name them apart: bcftools reheader -s"));
            }
            columns.extend(found);
        }
    }
    columns.sort_unstable();
    columns.dedup();
    Ok(columns)
}

fn no_such_sample(name: &str, samples: &[&str], file: &str) -> Error {
    if samples.is_empty() {
        return Error::input("a sample was asked for, and the file has none")
            .in_file(file)
            .with_remedy(
                "ask for no sample: everything in this file is one person's, or nobody's",
            );
    }
    let named = samples.get(..NAMED).unwrap_or(samples).join(", ");
    let more = samples.len().saturating_sub(NAMED);
    let named = match more {
        0 => named,
        more => format!("{named} and {more} more"),
    };
    Error::input("the file has no such sample")
        .in_file(file)
        .with_detail("sample", name)
        .with_detail("samples of the file", named)
        .with_remedy("give the name of one of the file's samples, spelled as in its #CHROM line")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(lines: &str) -> VariantReader {
        let vcf = format!(
            "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tann\tbob\tcy,d\n{lines}"
        );
        VariantReader::open(Box::new(std::io::Cursor::new(vcf)), "in.vcf").unwrap()
    }

    fn carried(
        whose: &Whose,
        alternates: &str,
        format: &str,
        samples: [&str; 3],
    ) -> Option<Vec<bool>> {
        let samples = samples.join("\t");
        let mut reader = reader(&format!(
            "1\t5\t.\tG\t{alternates}\t.\t.\t.\t{format}\t{samples}\n"
        ));
        let carriers = Carriers::new(&reader, whose).unwrap();
        carriers.carried(&reader.next_record().unwrap().unwrap())
    }

    fn named(names: &[&str]) -> Whose {
        Whose::Samples(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn alleles_that_nobody_carries_counted_as_somebodys() {
        let none = carried(&Whose::Anyone, "A", "GT", ["0/0", "0|0", "./."]);
        assert_eq!(none, Some(vec![false]));
        let second = carried(&Whose::Anyone, "A,T", "GT:DP", ["0/0:3", "2:3", "."]);
        assert_eq!(second, Some(vec![false, true]));
        assert_eq!(carried(&Whose::Everything, "A", "GT", ["0/0"; 3]), None);
    }

    #[test]
    fn every_spelling_of_a_genotype_is_read() {
        let bob = named(&["bob"]);
        let of = |genotype: &str| carried(&bob, "A,T", "DP:GT", ["1:1/2", genotype, "1:1/2"]);
        for (genotype, want) in [
            ("1:0/1", [true, false]),
            ("1:2|0", [false, true]),
            ("1:1", [true, false]),
            ("1:./2", [false, true]),
            ("1:|0/2", [false, true]),
            ("1:/1", [true, false]),
            ("1:0/1/2", [true, true]),
            ("1:.", [false, false]),
            ("1", [false, false]),
            (".", [false, false]),
        ] {
            assert_eq!(of(genotype), Some(want.to_vec()), "{genotype}");
        }
        // Not known is not the same as not there.
        for unreadable in ["1:A/G", "1:0/7", "1:", "1:0/-1"] {
            assert_eq!(of(unreadable), None, "{unreadable}");
        }
        assert_eq!(carried(&bob, "A", "DP", ["1", "2", "3"]), None);
    }

    #[test]
    fn an_allele_that_is_listed_twice_is_carried_under_either_number() {
        let twice = carried(&Whose::Anyone, "A,a", "GT", ["0/2", "0/0", "0/0"]);
        assert_eq!(twice, Some(vec![true, true]));
    }

    #[test]
    fn samples_are_found_by_whole_names_and_by_lists() {
        let of = |names: &[&str]| Carriers::new(&reader(""), &named(names)).map(|c| c.columns);
        assert_eq!(of(&["bob"]), Ok(vec![10]));
        assert_eq!(of(&["bob,ann"]), Ok(vec![9, 10]));
        assert_eq!(of(&["cy,d", "ann"]), Ok(vec![9, 11]));
        let error = of(&["eve"]).err();
        let names = error.and_then(|error| error.details().get("samples of the file").cloned());
        assert_eq!(names.as_deref(), Some("ann, bob, cy,d"));
        assert!(!format!("{:?}", named(&["ann"])).contains("ann"));
    }

    #[test]
    fn zygosity_is_told_of_one_person() {
        let of = |whose: &Whose, genotype: &str| {
            let mut reader = reader(&format!(
                "1\t5\t.\tG\tA,T\t.\t.\t.\tGT\t0/0\t{genotype}\t0/0\n"
            ));
            let carriers = Carriers::new(&reader, whose).unwrap();
            let record = reader.next_record().unwrap().unwrap();
            carriers.zygosity(&record, 0)
        };
        let bob = named(&["bob"]);
        assert_eq!(of(&bob, "0/1"), Some(Zygosity::Heterozygous));
        assert_eq!(of(&bob, "1|1"), Some(Zygosity::Homozygous));
        assert_eq!(of(&bob, "1"), Some(Zygosity::Hemizygous));
        assert_eq!(of(&bob, "0/2"), None);
        assert_eq!(of(&Whose::Anyone, "0/1"), None);
    }
}
