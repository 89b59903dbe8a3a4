//! The variants that lie on one copy of a genome, from the genotypes of a VCF.

use super::haplotypes::Observed;
use genolewm::scorer::Regions;
use genolewm_core::edit::{AlleleForm, EditSpec};
use genolewm_core::source::{AlleleOutcome, SourceLine, VariantReader, VariantRecord};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::open;
use std::path::Path;

/// Columns of a VCF before its samples.
const FIXED_COLUMNS: usize = 9;

/// Which alleles lie together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phasing {
    /// All alleles of the file lie on one copy.
    Together,
    /// As the genotypes of a sample say: the first one, or that of a name.
    Sample(Option<String>),
}

/// Reads the variants of each copy in this form, sorted by place: two copies of a sample, or one for alleles that
/// lie together, as those of a file without samples do. Heterozygous genotypes without a phase are
/// left out as `unphased`, and counted like alleles that cannot be scored.
///
/// # Errors
/// `RESOURCE.GENERIC` when the file cannot be read, `INPUT.VCF_PARSE` where it is malformed,
/// `INPUT.GENERIC` when it has no such sample.
pub fn read_copies(
    path: &Path,
    phase: &Phasing,
    regions: Option<&Regions>,
    form: AlleleForm,
    observed: &mut Observed,
) -> Result<Vec<Vec<EditSpec>>> {
    let mut reader = VariantReader::open(Box::new(open(path)?), &path.display().to_string())?;
    let column = sample_column(reader.header(), phase)?;
    let mut copies = vec![Vec::new(); if column.is_some() { 2 } else { 1 }];
    while let Some(record) = reader.next_record()? {
        if regions.is_none_or(|regions| regions.contain(&record)) {
            let alleles = record.alleles(form);
            add(&record, &alleles, column, &mut copies, observed);
        }
    }
    for copy in &mut copies {
        copy.sort_by(|a: &EditSpec, b: &EditSpec| (a.chrom(), a.pos()).cmp(&(b.chrom(), b.pos())));
    }
    Ok(copies)
}

/// The column of the sample; `None` where alleles lie together.
fn sample_column(header: &[SourceLine], phase: &Phasing) -> Result<Option<usize>> {
    let Phasing::Sample(wanted) = phase else {
        return Ok(None);
    };
    let names = header.iter().rfind(|line| line.starts_with("#CHROM"));
    let names: Vec<&str> = names
        .map(|line| line.split('\t').skip(FIXED_COLUMNS).collect())
        .unwrap_or_default();
    let Some(wanted) = wanted else {
        return Ok((!names.is_empty()).then_some(FIXED_COLUMNS));
    };
    let found = names.iter().position(|name| name == wanted);
    found.map(|at| Some(FIXED_COLUMNS + at)).ok_or_else(|| {
        Error::new(ErrorCode::InputGeneric, "the VCF has no such sample")
            .with_detail("sample", wanted)
            .with_detail("samples", names.len())
            .with_remedy("name a sample of its #CHROM line, or leave --sample out for the first")
    })
}

fn add(
    record: &VariantRecord,
    alleles: &[AlleleOutcome],
    column: Option<usize>,
    copies: &mut [Vec<EditSpec>],
    observed: &mut Observed,
) {
    let carried = match column {
        None => (0..alleles.len()).map(|allele| (0, allele)).collect(),
        Some(column) => match genotype(record, column) {
            Genotype::Unphased => return observed.leave_out("unphased"),
            Genotype::Carried(carried) => carried,
        },
    };
    for (copy, allele) in carried {
        match (alleles.get(allele), copies.get_mut(copy)) {
            (Some(AlleleOutcome::Candidate(edit)), Some(copy)) => copy.push(edit.clone()),
            (Some(AlleleOutcome::Skipped(reason)), _) => observed.leave_out(reason.as_str()),
            _ => {}
        }
    }
}

enum Genotype {
    /// Copies of the genome with the alternate allele on them, both counted from 0.
    Carried(Vec<(usize, usize)>),
    Unphased,
}

fn genotype(record: &VariantRecord, column: usize) -> Genotype {
    let columns = record.raw.as_deref().map(|raw| raw.split('\t'));
    let columns: Vec<&str> = columns.map(Iterator::collect).unwrap_or_default();
    let place = columns
        .get(FIXED_COLUMNS - 1)
        .and_then(|format| format.split(':').position(|key| key == "GT"));
    let text = place.and_then(|place| columns.get(column)?.split(':').nth(place));
    let text = text.unwrap_or_default();
    let alleles: Vec<Option<usize>> = text.split(['|', '/']).map(|of| of.parse().ok()).collect();
    let is_same = alleles.windows(2).all(|pair| pair[0] == pair[1]);
    if text.contains('/') && !is_same {
        return Genotype::Unphased;
    }
    let copies = alleles.into_iter().enumerate().take(2);
    Genotype::Carried(
        copies
            .filter_map(|(copy, allele)| Some((copy, allele?.checked_sub(1)?)))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const VCF: &str = "##fileformat=VCFv4.2\n\
        #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tone\ttwo\n\
        1\t30\t.\tA\tC,G\t.\t.\t.\tGT\t0|1\t2|1\n\
        1\t10\t.\tA\tC\t.\t.\t.\tDP:GT\t1:1/1\t.\n\
        1\t40\t.\tA\tC\t.\t.\t.\tGT\t0/1\t.|1\n\
        1\t50\t.\tA\t<DEL>\t.\t.\t.\tGT\t1|0\t0|0\n";

    fn read(vcf: &str, phase: &Phasing) -> Result<(Vec<Vec<String>>, Observed)> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vcf).unwrap();
        let mut observed = Observed::default();
        let copies = read_copies(
            file.path(),
            phase,
            None,
            AlleleForm::Canonical,
            &mut observed,
        )?;
        let text = |copy: &Vec<EditSpec>| copy.iter().map(ToString::to_string).collect();
        Ok((copies.iter().map(text).collect(), observed))
    }

    #[test]
    fn genotypes_part_the_copies() {
        let (copies, observed) = read(VCF, &Phasing::Sample(None)).unwrap();
        assert_eq!(copies, [vec!["1:10:A:C"], vec!["1:10:A:C", "1:30:A:C"]]);
        assert_eq!(observed.left_out.get("unphased"), Some(&1));
        assert_eq!(observed.left_out.values().sum::<u64>(), 2);
        let (copies, _) = read(VCF, &Phasing::Sample(Some("two".to_owned()))).unwrap();
        assert_eq!(copies, [vec!["1:30:A:G"], vec!["1:30:A:C", "1:40:A:C"]]);
        assert!(read(VCF, &Phasing::Sample(Some("three".to_owned()))).is_err());
    }

    #[test]
    fn without_genotypes_all_alleles_lie_together() {
        let (copies, _) = read(VCF, &Phasing::Together).unwrap();
        assert_eq!(
            copies,
            [vec!["1:10:A:C", "1:30:A:C", "1:30:A:G", "1:40:A:C"]]
        );
        let sites: Vec<String> = VCF
            .lines()
            .map(|line| line.split('\t').take(8).collect::<Vec<_>>().join("\t"))
            .collect();
        let (copies, _) = read(&sites.join("\n"), &Phasing::Sample(None)).unwrap();
        assert_eq!(copies[0].len(), 4);
    }
}
