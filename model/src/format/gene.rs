//! The gene that a file names for a record.

use genolewm_core::source::VariantRecord;
use genolewm_core::text::is_plain;

/// INFO keys that name a gene: ClinVar's `BRCA1:672|…`, annovar's and others' plain names.
const GENE_KEYS: [&str; 5] = ["GENEINFO", "GENE", "Gene", "SYMBOL", "Gene.refGene"];
/// SnpEff's key, and the column of a gene's name among those that `|` separates.
const SNPEFF: (&str, usize) = ("ANN", 3);

/// The first gene that a VCF record's INFO names, by the keys of ClinVar, annovar and SnpEff.
#[must_use]
pub fn gene(record: &VariantRecord) -> Option<&str> {
    let named = GENE_KEYS.iter().find_map(|key| record.info(key));
    let annotated = || record.info(SNPEFF.0)?.split('|').nth(SNPEFF.1);
    named
        .or_else(annotated)?
        .split([':', '|', ',', ';'])
        .next()
        .filter(|name| *name != "." && is_plain(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::source::VariantReader;

    #[test]
    fn annotators_are_understood() {
        let named = |info: &str| {
            let vcf = format!(
                "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t5\t.\tG\tA\t.\t.\t{info}\n"
            );
            let mut reader =
                VariantReader::open(Box::new(std::io::Cursor::new(vcf)), "x.vcf").unwrap();
            let record = reader.next_record().unwrap().unwrap();
            gene(&record).map(str::to_owned)
        };
        assert_eq!(
            named("AC=1;GENEINFO=BRCA1:672|NBR2:10230").as_deref(),
            Some("BRCA1")
        );
        assert_eq!(
            named("ANN=A|missense|MODERATE|BRCA2|x").as_deref(),
            Some("BRCA2")
        );
        assert_eq!(named("GENE=."), None);
        assert_eq!(named("AC=1"), None);
    }
}
