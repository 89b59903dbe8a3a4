//! Damaged files: whatever bytes a file has, its reader answers with records or with an error.

use crate::corpus::table::read_corpus_table;
use crate::files::fasta::each_record;
use crate::files::maf::each_block;
use crate::files::package::DatasetPackage;
use crate::files::records::{RecordOptions, RecordReader};
use crate::genome::annotation::read_exon_table;
use crate::genome::gff::read_gff3;
use crate::genome::repeats::Repeats;
use crate::holdout::policy::HoldoutPolicy;
use crate::variants::read_variants;
use genolewm_core::edit::AlleleForm;
use genolewm_core::{ErrorCode, Result};
use proptest::prelude::*;
use std::path::Path;

struct Format {
    name: &'static str,
    sample: &'static str,
    read: fn(&Path) -> Result<()>,
}

fn records(path: &Path) -> Result<()> {
    for skip_invalid in [true, false] {
        let options = RecordOptions {
            skip_invalid,
            ..RecordOptions::default()
        };
        RecordReader::open(path, &options)?.try_for_each(|record| record.map(drop))?;
    }
    Ok(())
}

const FORMATS: [Format; 12] = [
    Format {
        name: "a.fa",
        sample: ">chr1 one\nACGTNACGT\nacgt\n>chr2\nACGT\n",
        read: |path| each_record(path, |_, _| Ok(())),
    },
    Format {
        name: "b.fa",
        sample: ">chr1 one\nACGTNACGT\n\n>chr2\nACGT\n",
        read: records,
    },
    Format {
        name: "a.jsonl",
        sample: "{\"record_id\": \"w0\", \"source\": \"mrna\", \"sequence\": \"TTAG\", \"chrom\": \"chr1\", \
                 \"start_bp\": 7}\n\n{\"sequence\": \"ACGT\", \"source\": \"mrna\"}\n",
        read: records,
    },
    Format {
        name: "a.maf",
        sample: "##maf version=1\na score=1\ns hg19.chr22 10 4 + 100 AC-GT\ns panTro.chr22 5 5 - 90 ACCGT\n\n",
        read: |path| {
            each_block(path, |rows| {
                rows.iter().try_for_each(|row| row.forward().map(drop))
            })
        },
    },
    Format {
        name: "a.gff3",
        sample: "##gff-version 3\nchr1\ts\tmRNA\t11\t60\t.\t+\t.\tID=t;Parent=g\n\
                 chr1\ts\texon\t11\t30\t.\t+\t.\tParent=t\nchr1\ts\tCDS\t14\t30\t.\t+\t0\tParent=t\n",
        read: |path| read_gff3(path).map(drop),
    },
    Format {
        name: "a.gtf",
        sample: "chr1\ts\texon\t11\t30\t.\t-\t.\tgene_id \"g\"; transcript_id \"t\";\n\
                 chr1\ts\tCDS\t14\t30\t.\t-\t0\tgene_id \"g\"; transcript_id \"t\";\n",
        read: |path| read_gff3(path).map(drop),
    },
    Format {
        name: "exons.tsv",
        sample: "gene\tcontig\tstrand\ttx_start0\ttx_end\texon_starts0\texon_ends\n\
                 G\tchr1\t+\t20\t80\t20,50\t40,80\n",
        read: |path| read_exon_table(path).map(drop),
    },
    Format {
        name: "a.bed",
        sample: "chr1\t10\t20\tname\t0\t+\nchr2\t5\t6\n",
        read: |path| HoldoutPolicy::read(path).map(drop),
    },
    Format {
        name: "repeats.bed",
        sample: "chr1\t10\t20\tAluY\t0\t+\tSINE/Alu\nchr2\t5\t6\t(CA)n\t0\t+\tSimple_repeat\n",
        read: |path| Repeats::read(path).map(drop),
    },
    Format {
        name: "corpus.tsv",
        sample: "# path\tweight\tjoining\nref.fa\t1.5\trecord\n$NOWHERE/x.fa\t2\tfile\n",
        read: |path| read_corpus_table(path).map(drop),
    },
    Format {
        name: "a.vcf",
        sample: "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n\
                 chr1\t10\t.\tA\tC,G\t.\tPASS\tAF=0.1,0.2;CLNSIG=Pathogenic\n",
        read: |path| {
            read_variants(path, AlleleForm::Canonical, ErrorCode::TrainingDataloader).map(drop)
        },
    },
    Format {
        name: "dataset_manifest.json",
        sample: "{\"snapshot_id\": \"s\", \"files\": [{\"path\": \"placed/train.jsonl\", \"split\": \"train\", \
                 \"sha256\": \"00\"}]}",
        read: |path| DatasetPackage::open(path.parent().unwrap_or(path)).map(drop),
    },
];

/// Bytes that mean something to one of the formats.
const MARKS: &[u8] = b"\t\n\r,;:=+-.\"{}[]<>#0123456789NACGT\0\xff";

#[derive(Debug, Clone)]
enum Damage {
    Change(u8),
    Insert(u8),
    Cut(usize),
    End,
}

/// A damage, and where: a place of the file, modulo its length.
fn damage() -> impl Strategy<Value = (usize, Damage)> {
    let byte = || prop_oneof![proptest::sample::select(MARKS), any::<u8>()];
    let damage = prop_oneof![
        byte().prop_map(Damage::Change),
        byte().prop_map(Damage::Insert),
        (1..12usize).prop_map(Damage::Cut),
        Just(Damage::End),
    ];
    (any::<usize>(), damage)
}

fn apply(bytes: &mut Vec<u8>, (at, damage): &(usize, Damage)) {
    let at = at % (bytes.len() + 1);
    match *damage {
        Damage::Change(byte) => {
            if let Some(old) = bytes.get_mut(at) {
                *old = byte;
            }
        }
        Damage::Insert(byte) => bytes.insert(at, byte),
        Damage::Cut(count) => {
            let end = (at + count).min(bytes.len());
            bytes.drain(at..end);
        }
        Damage::End => bytes.truncate(at),
    }
}

#[test]
fn samples_are_read() {
    let directory = tempfile::tempdir().unwrap();
    // The package's windows are missing, and the variable of the table is not set.
    let whole = FORMATS
        .iter()
        .filter(|format| !["dataset_manifest.json", "corpus.tsv"].contains(&format.name));
    for format in whole {
        let path = directory.path().join(format.name);
        std::fs::write(&path, format.sample).unwrap();
        (format.read)(&path).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_files_end_in_records_or_errors(
        format in 0..FORMATS.len(),
        damages in proptest::collection::vec(damage(), 1..6),
    ) {
        let format = &FORMATS[format];
        let mut bytes = format.sample.as_bytes().to_vec();
        damages.iter().for_each(|damage| apply(&mut bytes, damage));
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(format.name);
        std::fs::write(&path, &bytes).unwrap();
        if let Err(error) = (format.read)(&path) {
            prop_assert!(error.code() != ErrorCode::InternalGeneric, "{error}");
        }
    }
}
