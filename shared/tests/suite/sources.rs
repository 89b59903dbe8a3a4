//! Variant sources: compression, line ends, recovery after errors, and arbitrary input.
#![cfg(feature = "std")]
#![allow(clippy::expect_used)]

use flate2::write::GzEncoder;
use genolewm_core::contig::Assembly;
use genolewm_core::edit::{AlleleForm, SkipReason};
use genolewm_core::source::{
    AlleleOutcome, Compression, ImportOptions, ReferenceAlleles, SourceFormat, VariantReader,
    VariantRecord, convert_to_vcf,
};
use genolewm_core::{Error, Result};
use proptest::prelude::*;
use std::io::{Cursor, Read, Write};

const HEADER: &str = "##fileformat=VCFv4.3\n\
    ##reference=file:///data/GRCh38.fa\n\
    ##contig=<ID=chr17,length=81195210>\n\
    #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n";

fn open(data: &[u8]) -> Result<VariantReader> {
    VariantReader::open(Box::new(Cursor::new(data.to_vec())), "in")
}

/// Every record and every error, in order.
fn read_all(data: &[u8]) -> Result<Vec<Result<VariantRecord>>> {
    let mut reader = open(data)?;
    Ok(std::iter::from_fn(|| reader.next_record().transpose()).collect())
}

fn records(data: &[u8]) -> Vec<VariantRecord> {
    let all = read_all(data).expect("a source");
    all.into_iter()
        .map(|record| record.expect("a record"))
        .collect()
}

fn first_error(data: &[u8]) -> Error {
    match read_all(data) {
        Err(error) => error,
        Ok(all) => all.into_iter().find_map(Result::err).expect("an error"),
    }
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

fn bgzip(data: &[u8]) -> Vec<u8> {
    let mut writer = noodles_bgzf::io::Writer::new(Vec::new());
    writer.write_all(data).expect("memory");
    writer.finish().expect("memory")
}

fn vcf(rows: &str) -> Vec<u8> {
    format!("{HEADER}{rows}").into_bytes()
}

#[test]
fn a_record_keeps_its_line_and_names_its_alleles() {
    let row = "chr17\t41197701\trs1\tg\tA,<DEL>,*\t50\tPASS\tAF=0.5;DB\tGT\t0/1";
    let all = records(&vcf(&format!("{row}\n")));
    assert_eq!(all.len(), 1);
    let record = &all[0];
    assert_eq!((record.line, record.raw.as_deref()), (5, Some(row)));
    assert_eq!(record.info("AF"), Some("0.5"));
    assert_eq!(record.info("DB"), Some(""));
    assert_eq!(record.info("A"), None);
    let want = [
        AlleleOutcome::Candidate("chr17:41197701:G:A".parse().expect("an edit")),
        AlleleOutcome::Skipped(SkipReason::Symbolic),
        AlleleOutcome::Skipped(SkipReason::Overlapping),
    ];
    assert_eq!(record.alleles(AlleleForm::Canonical), want);
}

#[test]
fn the_header_is_kept_and_tells_the_build() {
    let reader = open(&vcf("")).expect("a VCF");
    assert_eq!(
        reader
            .header()
            .iter()
            .map(|line| format!("{}\n", line.as_str()))
            .collect::<String>(),
        HEADER
    );
    assert_eq!(reader.contigs(), [("chr17".to_owned(), Some(81_195_210))]);
    // The length counts for more than the file name.
    assert_eq!(
        reader.assembly().map(|guess| guess.assembly),
        Some(Assembly::Grch37)
    );
    assert!(reader.warnings().is_empty());
}

#[test]
fn header_lines_that_noodles_refuses_become_warnings() {
    let text = "##fileformat=VCFv4.1\n##\n##INFO=<ID=AF>\n##SAMPLE=<Jane>\n\
        #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t5\t.\tA\tC\t.\t.\t.\n";
    let mut reader = open(text.as_bytes()).expect("a VCF");
    assert!(reader.warnings().len() >= 2);
    assert!(!format!("{:?}", reader.warnings()).contains("Jane"));
    assert!(reader.next_record().expect("a record").is_some());
}

#[test]
fn a_bad_record_is_located_and_the_next_one_is_read() {
    let rows = "chr17\tx\t.\tA\tC\t.\t.\t.\tGT\t0/1\n\
        chr17\t5\t.\tA\tC,\t.\t.\t.\tGT\t0/1\n\
        chr17\t5\t.\tA,C\tG\t.\t.\t.\tGT\t0/1\n\
        chr17\t5\t.\tA\n\
        chr17\t6\t.\tA\tC\t.\t.\t.\tGT\t0/1\n";
    let all = read_all(&vcf(rows)).expect("a VCF");
    let places: Vec<_> = all
        .iter()
        .filter_map(|record| record.as_ref().err())
        .map(|error| {
            assert_eq!(error.code().as_str(), "INPUT.VCF_PARSE");
            assert!(error.remedy().is_some() && !error.to_string().contains("0/1"));
            let place = error.location().expect("a place");
            (
                place.line.expect("a line"),
                place.column.expect("a column"),
                place.text.clone(),
            )
        })
        .collect();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        places,
        [
            (5, 7, some("x")),
            (6, 15, some("")),
            (7, 11, some("A,C")),
            (8, 1, None)
        ]
    );
    assert_eq!(all.len(), 5);
    assert!(all.last().expect("five").is_ok());
}

#[test]
fn a_cut_file_is_an_error_and_never_the_end() {
    let rows: String = (1..20_000)
        .map(|pos| format!("chr17\t{pos}\t.\tA\tC\t.\t.\t.\tGT\t0/1\n"))
        .collect();
    let text = vcf(&rows);
    for whole in [gzip(&text), bgzip(&text)] {
        assert_eq!(records(&whole).len(), 19_999);
        let cut = &whole[..whole.len() / 2];
        let error = first_error(cut);
        assert_eq!(error.code().as_str(), "INPUT.GENERIC");
        assert!(error.remedy().is_some());
        let all = read_all(cut).expect("the header is whole");
        assert!(
            all.last().expect("records").is_err(),
            "nothing follows a cut"
        );
    }
    // Plain text: the last line lacks columns.
    assert_eq!(
        first_error(&text[..text.len() - 9]).code().as_str(),
        "INPUT.VCF_PARSE"
    );
}

#[test]
fn a_missing_eof_block_is_a_warning() {
    let whole = bgzip(&vcf("chr17\t5\t.\tA\tC\t.\t.\t.\tGT\t0/1\n"));
    for (data, warnings) in [(&whole[..], 0), (&whole[..whole.len() - 28], 1)] {
        let mut reader = open(data).expect("a VCF");
        assert_eq!(reader.compression(), Compression::Bgzip);
        while reader.next_record().expect("records").is_some() {}
        assert_eq!(reader.warnings().len(), warnings);
    }
}

#[test]
fn files_of_other_kinds_are_named() {
    for (data, word) in [
        (&b""[..], "empty"),
        (b"BCF\x02\x02", "BCF"),
        (b">chr1\nACGT\n", "FASTA"),
        (b"hello\n", "not recognised"),
    ] {
        let error = first_error(data);
        assert!(error.message().contains(word), "{error}");
        assert!(error.remedy().is_some() && error.location().is_some());
    }
    assert!(first_error(&gzip(&gzip(b"x"))).message().contains("twice"));
    let no_columns = first_error(b"##fileformat=VCFv4.2\n1\t5\t.\tA\tC\t.\t.\t.\n");
    assert_eq!(no_columns.location().and_then(|place| place.line), Some(2));
}

#[test]
fn array_rows_wait_for_the_reference() {
    let raw = "# 23andMe, build 37\n# rsid\tchromosome\tposition\tgenotype\n\
        rs1\t1\t10\tAG\nrs2\t1\t11\t--\nrs3\t1\t12\tDI\nrs4\t23\t13\tC\nrs5\tMT\t14\tG\n";
    let mut reader = open(raw.as_bytes()).expect("raw data");
    assert_eq!(reader.format(), SourceFormat::TwentyThreeAndMe);
    assert_eq!(
        reader.assembly().map(|guess| guess.assembly),
        Some(Assembly::Grch37)
    );
    let mut outcomes = Vec::new();
    while let Some(mut record) = reader.next_record().expect("rows") {
        record.set_reference_base('G');
        outcomes.extend(record.alleles(AlleleForm::Canonical));
    }
    let want = [
        AlleleOutcome::Candidate("1:10:G:A".parse().expect("an edit")),
        AlleleOutcome::Skipped(SkipReason::NoCall),
        AlleleOutcome::Skipped(SkipReason::IndelCode),
        AlleleOutcome::Candidate("X:13:G:C".parse().expect("an edit")),
        AlleleOutcome::Skipped(SkipReason::SameAsRef),
    ];
    assert_eq!(outcomes, want);
}

#[test]
fn importing_can_leave_out_what_no_vcf_can_hold() {
    let raw = "rs1\t1\t10\tAG\nrs2\t1\t11\tDI\nrs3\t9\t12\tAC\nrs4,rs5\t1\t10\tAA\n";
    let alleles = ReferenceAlleles::new([("chr1", 10, "g")]).expect("a map");
    let mut vcf = Vec::new();
    let summary = convert_to_vcf(
        Box::new(raw.as_bytes()),
        "raw",
        &mut vcf,
        &mut |contig, pos| Ok(alleles.get(contig, pos).map(str::to_owned)),
        &ImportOptions {
            skip_unsupported: true,
            ..ImportOptions::default()
        },
    )
    .expect("a conversion");
    assert_eq!(
        (summary.records_written, summary.unsupported_skipped),
        (2, 2)
    );
    let written = records(&vcf);
    assert_eq!(written.len(), 2);
    assert_eq!(written[1].id.as_deref(), Some("rs4;rs5"));
}

#[test]
fn json_streams_variant_by_variant() {
    let json = r#"{"meta": {"a": ["]", {"b": "\"}"}]}, "variants": [
        {"chrom": "chr1", "pos": 5, "ref": "a", "alt": "G,T", "genotype": "A/G"},
        {"chrom": "1", "pos": 0, "ref": "A", "alt": "G"},
        7,
        {"chr": "2", "start": "8", "reference": "N", "alts": ["<DEL>"]}
    ], "n": 1}"#;
    let all = read_all(json.as_bytes()).expect("JSON");
    assert_eq!(all.iter().filter(|record| record.is_ok()).count(), 2);
    let error = all[1].as_ref().expect_err("position 0");
    assert_eq!(error.location().and_then(|place| place.line), Some(3));
    let first = all[0].as_ref().expect("a variant");
    assert_eq!(
        (
            first.contig.as_str(),
            first.alleles(AlleleForm::Canonical).len()
        ),
        ("1", 2)
    );
    for broken in [
        "{",
        "[{}",
        "[1 2]",
        "[]x",
        "{\"x\":1}",
        "{\"data\":[],\"records\":[]}",
    ] {
        assert_eq!(
            first_error(broken.as_bytes()).code().as_str(),
            "INPUT.VCF_PARSE",
            "{broken}"
        );
    }
}

/// A reader that gives one byte at a time.
struct Drip(Cursor<Vec<u8>>);

impl Read for Drip {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let one = buffer.len().min(1);
        self.0.read(&mut buffer[..one])
    }
}

fn rows() -> impl Strategy<Value = String> {
    let allele = prop_oneof![
        "[ACGTacgt]{1,18}",
        Just("<DEL>".to_owned()),
        Just("*".to_owned())
    ];
    let row = (
        1..250_000_000_u64,
        "[ACGTN]{1,4}",
        prop::collection::vec(allele, 1..4),
    );
    prop::collection::vec(row, 0..40).prop_map(|rows| {
        let line = |(pos, reference, alternates): &(u64, String, Vec<String>)| {
            format!(
                "17\t{pos}\t.\t{reference}\t{}\t.\t.\t.\tGT\t0/1\n",
                alternates.join(",")
            )
        };
        rows.iter().map(line).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_container_does_not_matter(rows in rows()) {
        let text = vcf(&rows);
        let crlf = String::from_utf8(text.clone()).expect("UTF-8").replace('\n', "\r\n");
        let mut marked = b"\xef\xbb\xbf".to_vec();
        marked.extend_from_slice(&text);
        let want = records(&text);
        prop_assert_eq!(want.len(), rows.lines().count());
        for other in [gzip(&text), bgzip(&text), crlf.clone().into_bytes(), gzip(crlf.as_bytes()), marked] {
            prop_assert_eq!(&records(&other), &want);
        }
        let drip = Drip(Cursor::new(bgzip(&text)));
        let mut reader = VariantReader::open(Box::new(drip), "in").expect("a VCF");
        let dripped: Vec<_> =
            std::iter::from_fn(|| reader.next_record().expect("records")).collect();
        prop_assert_eq!(&dripped, &want);
        for record in &want {
            prop_assert_eq!(record.alleles(AlleleForm::Canonical).len(), record.alternates.len());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(data in prop::collection::vec(any::<u8>(), 0..400), kind in 0..6) {
        let prefix: &[u8] = match kind {
            0 => b"",
            1 => HEADER.as_bytes(),
            2 => b"{\"variants\": [",
            3 => b"# rsid\tchromosome\tposition\tgenotype\n",
            4 => b"RSID,CHROMOSOME,POSITION,RESULT\n",
            _ => b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0",
        };
        let mut bytes = prefix.to_vec();
        bytes.extend_from_slice(&data);
        exercise(&bytes);
    }

    #[test]
    fn arbitrary_text_never_panics(
        text in "[rs0-9ACGTN<>\\[\\].,*:\"{}\\t\\n\\r #/|-]{0,300}", kind in 0..4,
    ) {
        let prefix = match kind {
            0 => "",
            1 => HEADER,
            2 => "[",
            _ => "rsid,chromosome,position,allele1,allele2\n",
        };
        exercise(format!("{prefix}{text}").as_bytes());
    }
}

fn exercise(bytes: &[u8]) {
    for record in read_all(bytes).unwrap_or_default().into_iter().flatten() {
        let mut record = record;
        assert!(!record.alleles(AlleleForm::Canonical).is_empty());
        record.set_reference_base('A');
        assert_eq!(
            record.alleles(AlleleForm::Canonical).len(),
            record.alternates.len().max(1)
        );
    }
    let mut vcf = Vec::new();
    for format in [
        None,
        Some(SourceFormat::MyHeritage),
        Some(SourceFormat::SequencingJson),
    ] {
        let options = ImportOptions {
            format,
            skip_unsupported: true,
            ..ImportOptions::default()
        };
        let input = Box::new(Cursor::new(bytes.to_vec()));
        let _ = convert_to_vcf(
            input,
            "x",
            &mut vcf,
            &mut |_, _| Ok(Some("A".into())),
            &options,
        );
    }
}
