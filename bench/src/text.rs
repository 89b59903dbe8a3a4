//! Text: files of variants in, tokens out.

use crate::network::{bases, other};
use crate::task::{Bound, Task};
use core::fmt::Write;
use core::hint::black_box;
use genolewm::files::{Directory, ModelFiles};
use genolewm::tokenizer::SixMerTokenizer;
use genolewm_core::Result;
use genolewm_core::edit::AlleleForm;
use genolewm_core::source::VariantReader;
use std::io::{Cursor, Read};
use std::sync::Arc;

/// Six-mers of a window of 12,288 bp; by the byte of its bases.
pub(crate) fn tokenizer() -> Result<Task> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/builtin/encoder");
    let files = Directory::open(folder.as_ref())?;
    let tokenizer = SixMerTokenizer::from_files(|name| files.read(name).ok().flatten())?;
    let window = bases(1, 12_288);
    Ok(Task::new(window.len() as f64, Bound::Copy, move || {
        black_box(tokenizer.encode(black_box(&window)));
    }))
}

/// Records of a VCF with one sample, and the edits of their alleles; by the byte of text.
pub(crate) fn vcf() -> Result<Task> {
    const RECORDS: usize = 5_000;
    let mut text = String::from(
        "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=248956422>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n",
    );
    let bases = bases(2, RECORDS);
    for at in 0..RECORDS {
        let from = &bases[at..=at];
        let (pos, to) = (10_000 + 97 * at, other(from));
        let _ = writeln!(
            text,
            "chr1\t{pos}\trs{at}\t{from}\t{to}\t50\tPASS\tAC=1;AF=0.5;AN=2;DP=31\tGT:DP:GQ\t0/1:31:99"
        );
    }
    let text: Arc<[u8]> = text.into_bytes().into();
    let read = move |text: &Arc<[u8]>| -> Result<usize> {
        let bytes: Box<dyn Read + Send> = Box::new(Cursor::new(Arc::clone(text)));
        let mut reader = VariantReader::open(bytes, "records")?;
        let mut alleles = 0;
        while let Some(record) = reader.next_record()? {
            alleles += record.alleles(AlleleForm::default()).len();
        }
        Ok(alleles)
    };
    let alleles = read(&text)?;
    debug_assert_eq!(alleles, RECORDS);
    Ok(Task::new(text.len() as f64, Bound::Copy, move || {
        let _ = black_box(read(&text));
    }))
}
