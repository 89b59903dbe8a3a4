//! `prepare-gnomad` and `prepare-clinvar`, and shards as data of training.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use flate2::{Compression, write::GzEncoder};
use genolewm_tests::corpus::{random_bases, random_corpus};
use genolewm_tests::{Dir, SmallDisk, dir};
use parquet::data_type::Int64Type;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const HEADER: &str = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
const GNOMAD: &str = "gnomad/v4.1/variants.parquet";
const PREPARE: &str = "prepare-gnomad --input-vcf in.vcf --output .";

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/shards")).join(name)
}

/// Common variants one after the other.
fn common(count: usize) -> String {
    let row = |pos| format!("chr1\t{pos}\t.\tA\tC\t.\tPASS\tAF=0.5{pos:07}\n");
    HEADER.to_owned() + &(1..=count).map(row).collect::<String>()
}

fn column_names(dir: &Dir, shard: &str) -> (i64, Vec<String>) {
    let file = File::open(dir.path(shard)).expect("a shard");
    let reader = SerializedFileReader::new(file).expect("a Parquet file");
    let metadata = reader.metadata().file_metadata();
    let columns = metadata.schema_descr().columns().iter();
    let names = columns.map(|column| column.name().to_owned()).collect();
    (metadata.num_rows(), names)
}

#[test]
fn a_report_has_the_counts_and_the_shard_the_columns() {
    let dir = dir!();
    let vcf = fs::read(fixture("gnomad.vcf")).expect("a fixture");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&vcf).expect("compressed text");
    dir.create("in.vcf.bgz", gzip.finish().expect("compressed text"));
    let run = "prepare-gnomad --input-vcf in.vcf.bgz --output data";
    let line = dir.run(run).stdout();
    let size = fs::metadata(dir.path("data").join(GNOMAD))
        .expect("the shard")
        .len();
    let expected = format!(
        "{{\"allele_records_seen\": 24, \"already_exists\": false, \"output_path\": \
         \"data/{GNOMAD}\", \"records_read\": 19, \"records_written\": 13, \"release\": \"v4.1\", \
         \"size_bytes\": {size}, \"skipped_af\": 5, \"skipped_allele\": 4, \"skipped_filter\": 2}}\n"
    );
    assert_eq!(line, expected);
    let (rows, columns) = column_names(&dir, &format!("data/{GNOMAD}"));
    let expected = "chrom pos ref alt af_global af_afr af_ami af_amr af_asj af_eas af_fin af_nfe \
                    af_oth af_sas filter schema_version";
    assert_eq!((rows, columns.join(" ").as_str()), (13, expected));
    let again = dir.run(run).stdout();
    assert!(again.contains("\"already_exists\": true"), "{again}");
    assert!(again.contains("\"records_read\": 0") && again.contains("\"records_written\": 13"));
    let replaced = dir.run(&format!("{run} --overwrite --min-af 0.5")).stdout();
    assert!(replaced.contains("\"records_written\": 6"), "{replaced}");
}

#[test]
fn clinvars_rows_need_a_number_unless_told_otherwise() {
    let dir = dir!();
    let vcf = fs::read_to_string(fixture("clinvar.vcf")).expect("a fixture");
    dir.create(
        "in.vcf",
        vcf.replace("\t130\tA", "\trs130\tA")
            .replace("ALLELEID=17", "X=1"),
    );
    let run = "prepare-clinvar --input-vcf in.vcf --output data";
    dir.run(run).finish().expect_status(2);
    let refused = dir.run(&format!("{run} --release 2026-04-15"));
    let refused = refused.fails("INPUT.GENERIC", 2);
    assert!(refused.stderr().contains("--missing-id zero"), "{refused}");
    let wrong = dir.run(&format!("{run} --release 2026-05-01 --missing-id zero"));
    let wrong = wrong.fails("INPUT.GENERIC", 2);
    assert!(wrong.stderr().contains("fileDate: 2026-04-15"), "{wrong}");
    let line = dir
        .run(&format!("{run} --release 2026-04-15 --missing-id zero"))
        .stdout();
    assert!(
        line.contains("\"records_written\": 12") && !line.contains("skipped_af"),
        "{line}"
    );
    let (rows, columns) = column_names(&dir, "data/clinvar/2026-04-15/variants.parquet");
    let expected = "chrom pos ref alt clinical_significance review_status gene_symbol clinvar_id \
                    schema_version";
    assert_eq!((rows, columns.join(" ").as_str()), (12, expected));
}

#[cfg(unix)]
#[test]
fn the_packages_names_of_the_commands_lead_to_them() {
    let dir = dir!();
    dir.create("in.vcf", common(3));
    let link = dir.path("geno-lewm-prepare-gnomad");
    std::os::unix::fs::symlink(dir.program(), &link).expect("a link");
    let run = genolewm_tests::Program::new(&link, &dir.path("."));
    let line = run
        .args("--input-vcf in.vcf --output .".split(' '))
        .stdout();
    assert!(line.contains("\"release\": \"v4.1\""), "{line}");
}

/// The command with half of its input on a pipe.
fn half_fed(dir: &Dir) -> Child {
    let run = dir.run("prepare-gnomad --input-vcf /dev/stdin --output .");
    let mut child = run
        .into_command()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let pipe = child.stdin.as_mut().expect("a pipe to the program");
    pipe.write_all(common(50_000).as_bytes()).expect("a reader");
    child
}

/// Waits for the folder that the program makes for its file, which has no name before it is whole.
fn await_folder(dir: &Dir) {
    let started = Instant::now();
    while !dir.path("gnomad/v4.1").is_dir() {
        assert!(started.elapsed() < Duration::from_secs(60), "no folder");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(unix)]
#[test]
fn a_killed_run_leaves_no_shard_and_an_interrupted_one_nothing_at_all() {
    let dir = dir!();
    let mut killed = half_fed(&dir);
    await_folder(&dir);
    killed.kill().expect("a running program");
    killed.wait().expect("the program ends");
    assert!(!dir.path(GNOMAD).exists());

    let dir = dir!();
    let mut stopped = half_fed(&dir);
    await_folder(&dir);
    let signal = format!("kill -INT {}", stopped.id());
    let sent = std::process::Command::new("sh")
        .args(["-c", &signal])
        .status();
    assert!(sent.expect("a shell").success());
    // More rows, so that there is a next record at which to see the signal; it may go before.
    let mut pipe = stopped.stdin.take().expect("a pipe to the program");
    let deadline = Instant::now() + Duration::from_secs(60);
    while pipe.write_all(b"chr1\t9\t.\tA\tC\t.\tPASS\tAF=1\n").is_ok() {
        assert!(Instant::now() < deadline, "the signal was not heard");
    }
    let status = stopped.wait().expect("the program ends");
    assert_eq!(status.code(), Some(130));
    assert_eq!(
        fs::read_dir(dir.path("gnomad/v4.1"))
            .expect("the folder")
            .count(),
        0
    );
    dir.create("in.vcf", common(10));
    dir.run(PREPARE).ok();
}

#[test]
fn a_full_disk_leaves_the_old_shard() {
    let dir = dir!();
    dir.create("in.vcf", common(3));
    let Some(disk) = SmallDisk::mount(dir.path("disk"), "64k") else {
        return;
    };
    let run = "prepare-gnomad --input-vcf in.vcf --output disk --overwrite";
    dir.run(run).ok();
    let old = dir.bytes(&format!("disk/{GNOMAD}"));
    dir.create("in.vcf", common(150_000));
    dir.run(run).fails("RESOURCE.DISK_FULL", 4);
    assert!(dir.bytes(&format!("disk/{GNOMAD}")) == old);
    let folder = disk.path().join("gnomad/v4.1");
    assert_eq!(fs::read_dir(folder).expect("the disk").count(), 1);
}

#[test]
fn what_cannot_be_prepared_has_a_code() {
    let dir = dir!();
    dir.run(PREPARE).fails("RESOURCE.GENERIC", 4);
    dir.create(
        "in.vcf",
        HEADER.to_owned() + "chr1\tx\t.\tA\tC\t.\tPASS\tAF=1\n",
    );
    let located = dir.run(PREPARE).fails("INPUT.VCF_PARSE", 2);
    assert!(located.stderr().contains("in.vcf:3"), "{located}");
    dir.create(
        "in.vcf",
        "# rsid\tchromosome\tposition\tgenotype\nrs1\t1\t5\tAG\n",
    );
    dir.run(PREPARE).fails("INPUT.VCF_PARSE", 2);
    dir.create("in.vcf", common(1));
    for flags in ["--min-af 2", "--max-allele-len 0", "--release ../x"] {
        dir.run(&format!("{PREPARE} {flags}"))
            .fails("INPUT.GENERIC", 2);
    }
    assert!(!dir.path(GNOMAD).exists());
    dir.run(PREPARE).ok();
    let whole = dir.bytes(GNOMAD);
    dir.create(GNOMAD, &whole[..whole.len() / 2]);
    let refused = dir.run(PREPARE).fails("INPUT.GENERIC", 2);
    assert!(refused.stderr().contains("--overwrite"), "{refused}");
    dir.run(&format!("{PREPARE} --overwrite")).ok();
    assert!(dir.bytes(GNOMAD) == whole);
}

/// A Parquet file that is no shard.
fn write_other_table(dir: &Dir, name: &str) {
    let schema = parse_message_type("message schema { required int64 pos; }").expect("a schema");
    let file = File::create(dir.path(name)).expect("a file");
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer =
        SerializedFileWriter::new(file, Arc::new(schema), properties).expect("a writer");
    let mut group = writer.next_row_group().expect("a row group");
    let mut column = group.next_column().expect("a column").expect("a column");
    column
        .typed::<Int64Type>()
        .write_batch(&[1, 2], None, None)
        .expect("two rows");
    column.close().expect("a column");
    group.close().expect("a row group");
    writer.close().expect("a file");
}

/// A corpus of random sequence with an encoder of it.
fn corpus() -> Dir {
    let dir = random_corpus(dir!());
    let sequence = random_bases(60_000);
    let row = |at: usize| {
        let reference = &sequence[at..=at];
        let alternate = if reference == "A" { "C" } else { "A" };
        let pos = at + 1;
        format!(
            "chr1\t{pos}\t{pos}\t{reference}\t{alternate}\t.\tPASS\tAF=0.01;CLNSIG=Pathogenic\n"
        )
    };
    let rows: String = (0..50_000).step_by(50).map(row).collect();
    dir.create("in.vcf", HEADER.to_owned() + &rows);
    dir.run(
        "train encoder --corpus corpus.tsv --holdout holdout.bed --output lm --steps 1 \
         --hidden-size 16 --intermediate-size 32 --layers 1 --heads 2 --kv-heads 1 \
         --window-tokens 12 --batch-tokens 48 --long-window-tokens 30 --cross-entropy-steps 1",
    )
    .ok();
    dir
}

#[test]
fn training_draws_from_shards_as_from_their_vcf_and_refuses_what_is_none() {
    let dir = corpus();
    dir.run(PREPARE).ok();
    dir.run("prepare-clinvar --input-vcf in.vcf --output . --release r1")
        .ok();
    let train = |run: &str, edits: &str| {
        dir.run(&format!(
            "train predictor --encoder lm/encoder --corpus corpus.tsv --holdout holdout.bed \
             --output {run} --generation-windows 8 --validation-windows 4 --steps 3 --batch 8 --d-hidden 16 --d-action 8 --n-heads 2 \
             --fallback gnomad_common=synthetic_snv {edits}"
        ))
    };
    let clinvar = "clinvar/r1/variants.parquet";
    train("shards", &format!("--common {GNOMAD} --clinvar {clinvar}")).ok();
    train("vcf", "--common in.vcf --clinvar in.vcf").ok();
    train("chance", "").ok();
    let weights = |run: &str| dir.bytes(&format!("{run}/model/predictor.safetensors"));
    assert!(
        weights("shards") == weights("vcf"),
        "other edits were drawn"
    );
    assert!(weights("shards") != weights("chance"), "no edit was drawn");

    write_other_table(&dir, "other.parquet");
    let refused = train("bad", "--common other.parquet").fails("TRAINING.DATALOADER", 5);
    assert!(refused.stderr().contains("column: af_global"), "{refused}");
    let whole = dir.bytes(GNOMAD);
    dir.create("cut.parquet", &whole[..whole.len() - 9]);
    train("bad", "--common cut.parquet").fails("TRAINING.DATALOADER", 5);
    // The wrong kind of shard would leave all edits to chance.
    train("bad", &format!("--common {clinvar}")).fails("TRAINING.DATALOADER", 5);
    assert!(!dir.path("bad/model").exists());
}
