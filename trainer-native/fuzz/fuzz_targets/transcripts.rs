//! GFF3, GTF and tables of exons; the first byte chooses.
#![no_main]

use genolewm_data::genome::annotation::read_exon_table;
use genolewm_data::genome::gff::read_gff3;
use genolewm_fuzz::with_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&kind, data)) = data.split_first() else {
        return;
    };
    match kind % 3 {
        0 => with_file("a.gff3", data, |path| read_gff3(path).map(drop)),
        1 => with_file("a.gtf", data, |path| read_gff3(path).map(drop)),
        _ => with_file("exons.tsv", data, |path| read_exon_table(path).map(drop)),
    }
});
