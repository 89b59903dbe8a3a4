//! The variants that lie on one copy of a genome, from the genotypes of a VCF.

use super::haplotypes::Observed;
use genolewm::scorer::Regions;
use genolewm_core::Result;
use genolewm_core::edit::{AlleleForm, EditSpec};
use genolewm_core::source::{
    AlleleOutcome, Carriers, Genotype, VariantReader, VariantRecord, Whose,
};
use genolewm_report::output::open;
use std::path::Path;

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
    let sample = sample(&reader, phase)?;
    let mut copies = vec![Vec::new(); if sample.is_some() { 2 } else { 1 }];
    while let Some(record) = reader.next_record()? {
        if regions.is_none_or(|regions| regions.contain(&record)) {
            let alleles = record.alleles(form);
            add(&record, &alleles, sample.as_ref(), &mut copies, observed);
        }
    }
    for copy in &mut copies {
        copy.sort_by(|a: &EditSpec, b: &EditSpec| (a.chrom(), a.pos()).cmp(&(b.chrom(), b.pos())));
    }
    Ok(copies)
}

/// The sample; `None` where alleles lie together.
fn sample(reader: &VariantReader, phase: &Phasing) -> Result<Option<Carriers>> {
    let name = match phase {
        Phasing::Together => None,
        Phasing::Sample(None) => reader.samples().first().map(|first| (*first).to_owned()),
        Phasing::Sample(wanted) => wanted.clone(),
    };
    name.map(|name| Carriers::new(reader, &Whose::Samples(vec![name])))
        .transpose()
}

fn add(
    record: &VariantRecord,
    alleles: &[AlleleOutcome],
    sample: Option<&Carriers>,
    copies: &mut [Vec<EditSpec>],
    observed: &mut Observed,
) {
    let carried = match sample {
        None => Some((0..alleles.len()).map(|allele| (0, allele)).collect()),
        Some(sample) => {
            let genotypes = sample.genotypes(record).into_iter().flatten();
            carried(genotypes.into_iter().next())
        }
    };
    let Some(carried) = carried else {
        return observed.leave_out("unphased");
    };
    for (copy, allele) in carried {
        match (alleles.get(allele), copies.get_mut(copy)) {
            (Some(AlleleOutcome::Candidate(edit)), Some(copy)) => copy.push(edit.clone()),
            (Some(AlleleOutcome::Skipped(reason)), _) => observed.leave_out(reason.as_str()),
            _ => {}
        }
    }
}

/// Copies of the genome with the alternate allele on them, both counted from 0; `None` where it is not
/// known which.
fn carried(genotype: Option<Genotype>) -> Option<Vec<(usize, usize)>> {
    let Some(Genotype { copies, is_phased }) = genotype else {
        return Some(Vec::new());
    };
    let is_same = copies.windows(2).all(|pair| pair[0] == pair[1]);
    let copies = copies.into_iter().enumerate().take(2);
    let on = |(copy, allele): (usize, Option<usize>)| Some((copy, allele?.checked_sub(1)?));
    (is_phased || is_same).then(|| copies.filter_map(on).collect())
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
