//! What goes wrong for users: the right code, the right exit status, and nothing half-written.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_tests::{Dir, Finished, SmallDisk, dir, genome, golden};
use std::fs;
use std::path::PathBuf;
use std::thread;

const OUTPUTS: [&str; 3] = ["out.jsonl", "out.jsonl.receipts.jsonl", "out.vcf"];

/// Scoring `in.vcf` fails with this code and leaves nothing behind.
fn assert_refused(dir: &Dir, flags: &str, code: &str, status: i32) -> Finished {
    let run = format!(
        "score --vcf in.vcf --fasta ref.fa {} -o out.jsonl {flags}",
        golden::MODEL
    );
    let finished = dir.run(&run).fails(code, status);
    assert!(
        finished.stderr().contains("remedy: "),
        "no remedy in\n{finished}"
    );
    dir.assert_no_output(&OUTPUTS);
    finished
}

#[test]
fn missing_files() {
    let dir = golden::prepared(dir!(), genome::vcf([100]).as_bytes());
    let score = |vcf: &str, fasta: &str, model: &str| {
        dir.run(&format!(
            "score --vcf {vcf} --fasta {fasta} {model} -o out.jsonl"
        ))
    };
    let finished = score("in.vcf", "absent.fa", golden::MODEL).fails("INPUT.GENERIC", 2);
    assert!(finished.stderr().contains("absent.fa"), "{finished}");
    score("absent.vcf", "ref.fa", golden::MODEL).fails("INPUT.GENERIC", 2);
    score("in.vcf", "ref.fa", "--model-dir absent").fails("RESOURCE.MODEL_NOT_FOUND", 4);
    fs::remove_file(dir.path("golden/model/calibration.parquet")).expect("a file to remove");
    score("in.vcf", "ref.fa", golden::MODEL).fails("RESOURCE.MODEL_NOT_FOUND", 4);
    dir.assert_no_output(&OUTPUTS);
}

#[test]
fn another_build_is_refused_and_named() {
    // Contig lengths in the header say GRCh38; the bases are those of nothing at all.
    let header = genome::HEADER.replace("##note", "##contig=<ID=1,length=248956422>\n##note");
    let wrong = |pos: usize| {
        format!(
            "1\t{pos}\t.\t{}\tG\t.\t.\t.\tGT\t0/1\n",
            genome::base(2, pos)
        )
    };
    let records: String = (100..400)
        .step_by(3)
        .map(wrong)
        .filter(|line| !line.contains("\tG\tG\t"))
        .collect();
    let dir = golden::prepared(dir!(), format!("{header}{records}").as_bytes());
    let finished = assert_refused(&dir, "", "INPUT.WINDOW_MISMATCH", 2);
    assert!(finished.stderr().contains("GRCh38"), "{finished}");
    assert!(finished.stderr().contains("likely cause"), "{finished}");
}

#[test]
fn swapped_alleles_and_shifted_positions_are_named() {
    let swapped = |pos: usize| {
        let reference = genome::base(1, pos);
        format!(
            "1\t{pos}\t.\t{}\t{reference}\t.\t.\t.\tGT\t0/1\n",
            genome::other(reference)
        )
    };
    let records: String = (100..200).map(swapped).collect();
    let dir = golden::prepared(dir!(), format!("{}{records}", genome::HEADER).as_bytes());
    let finished = assert_refused(&dir, "", "INPUT.WINDOW_MISMATCH", 2);
    assert!(finished.stderr().contains("changed places"), "{finished}");
    let shifted = |pos: usize| {
        // Long enough that it does not fit elsewhere by chance.
        let bases = &genome::contig(1)[pos - 1..pos + 7];
        format!("1\t{}\t.\t{bases}\tA\t.\t.\t.\tGT\t0/1\n", pos - 1)
    };
    let records: String = (100..200).map(shifted).collect();
    dir.create("in.vcf", format!("{}{records}", genome::HEADER));
    let finished = assert_refused(&dir, "", "INPUT.WINDOW_MISMATCH", 2);
    assert!(finished.stderr().contains("count from 0"), "{finished}");
}

#[test]
fn unknown_contigs_are_named() {
    let records: String = (1..30)
        .map(|pos| format!("scaffold_9\t{pos}\t.\tA\tC\t.\t.\t.\tGT\t0/1\n"))
        .collect();
    let dir = golden::prepared(dir!(), format!("{}{records}", genome::HEADER).as_bytes());
    let finished = assert_refused(&dir, "", "INPUT.GENERIC", 2);
    assert!(
        finished.stderr().contains("scaffold_9") && finished.stderr().contains("chr1"),
        "{finished}"
    );
}

#[test]
fn empty_and_truncated_input() {
    let dir = golden::prepared(dir!(), b"");
    assert_refused(&dir, "", "INPUT.VCF_PARSE", 2);
    dir.create("in.vcf", genome::HEADER);
    assert_refused(&dir, "", "INPUT.GENERIC", 2);
    dir.create("in.vcf", "##fileformat=VCFv4.2\n");
    assert_refused(&dir, "", "INPUT.VCF_PARSE", 2);
    for name in ["text", "binary"] {
        dir.create(
            "in.vcf",
            if name == "text" {
                &b"hello, world\n"[..]
            } else {
                &b"\x7fELF\0\0"[..]
            },
        );
        assert_refused(&dir, "", "INPUT.VCF_PARSE", 2);
    }
}

#[test]
fn a_truncated_gzip_is_an_error_and_not_a_short_file() {
    use std::io::Write;
    let dir = golden::prepared(dir!(), b"");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(genome::vcf(1..2_000).as_bytes())
        .expect("compressed text");
    let bytes = gzip.finish().expect("compressed text");
    dir.create("in.vcf", &bytes[..bytes.len() / 2]);
    let finished = assert_refused(&dir, "--regions 1:1-40", "INPUT.GENERIC", 2);
    assert!(finished.stderr().contains("in.vcf"), "{finished}");
}

#[test]
fn tampered_weights_are_refused() {
    for file in [
        "model/predictor.safetensors",
        "encoder/model.safetensors",
        "model/calibration.parquet",
    ] {
        let dir = golden::prepared(dir!(), genome::vcf([100]).as_bytes());
        let path = dir.path("golden").join(file);
        let mut bytes = fs::read(&path).expect("a file to tamper with");
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, bytes).expect("a tampered file");
        assert_refused(&dir, "", "PROVENANCE.MANIFEST_HASH_MISMATCH", 8);
    }
}

/// Replaces a part of the manifest.
fn edit_manifest(dir: &Dir, edit: impl FnOnce(&mut serde_json::Value)) {
    let mut manifest =
        serde_json::from_str(&dir.text("golden/model/manifest.json")).expect("a manifest");
    edit(&mut manifest);
    dir.create("golden/model/manifest.json", manifest.to_string());
}

#[test]
fn unknown_manifest_keys_and_paths_outside_are_refused() {
    let dir = golden::prepared(dir!(), genome::vcf([100]).as_bytes());
    let original = dir.text("golden/model/manifest.json");
    edit_manifest(&dir, |manifest| manifest["surprise"] = true.into());
    let run = format!(
        "score --vcf in.vcf --fasta ref.fa {} -o out.jsonl",
        golden::MODEL
    );
    let finished = dir.run(&run).finish();
    assert!(matches!(finished.status(), Some(2 | 3 | 8)), "{finished}");
    assert!(finished.stderr().contains("surprise"), "{finished}");
    dir.create("golden/model/manifest.json", original);
    edit_manifest(&dir, |manifest| {
        manifest["predictor"]["file"] = "../predictor.safetensors".into()
    });
    let finished = dir.run(&run).finish();
    assert!(matches!(finished.status(), Some(2 | 3 | 8)), "{finished}");
    dir.assert_no_output(&OUTPUTS);
}

#[test]
fn a_misshapen_tensor_is_named() {
    let dir = golden::prepared(dir!(), genome::vcf([100]).as_bytes());
    let path = dir.path("golden/model/action_encoder.safetensors");
    let bytes = fs::read(&path).expect("weights");
    let (header, data) =
        bytes[8..].split_at(u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize);
    // The type table has six rows; the same bytes laid out as twice as many rows are another table.
    let mut tensors: serde_json::Value = serde_json::from_slice(header).expect("a header");
    let shape = tensors["type_embedding.weight"]["shape"]
        .as_array()
        .expect("a shape")
        .clone();
    let [rows, width] = [&shape[0], &shape[1]].map(|size| size.as_u64().expect("a size"));
    tensors["type_embedding.weight"]["shape"] = serde_json::json!([rows * 2, width / 2]);
    let header = tensors.to_string();
    let header = format!("{header:<width$}", width = header.len().next_multiple_of(8));
    let mut changed = (header.len() as u64).to_le_bytes().to_vec();
    changed.extend_from_slice(header.as_bytes());
    changed.extend_from_slice(data);
    let hash = sha256(&changed);
    fs::write(&path, changed).expect("changed weights");
    edit_manifest(&dir, |manifest| {
        manifest["action_encoder"]["hash"] = hash.into()
    });
    let finished = assert_refused(&dir, "", "DEPLOY.EXPORT_FORMAT", 7);
    assert!(
        finished.stderr().contains("type_embedding.weight"),
        "{finished}"
    );
}

fn sha256(bytes: &[u8]) -> String {
    genolewm_core::provenance::sha256_prefixed(bytes)
}

#[test]
fn a_full_disk_leaves_the_old_file_and_no_new_one() {
    let dir = golden::prepared(dir!(), genome::vcf([100, 200]).as_bytes());
    let run = |output: &str| {
        dir.run(&format!(
            "score --vcf in.vcf --fasta ref.fa {} --no-receipt -o {output}",
            golden::MODEL
        ))
    };
    run("/dev/full").fails("RESOURCE.DISK_FULL", 4);
    run("/proc/none/out.jsonl").finish().expect_status(4);
    // A disk of one page, where one may be mounted.
    let Some(disk) = SmallDisk::mount(dir.path("disk"), "8k") else {
        return;
    };
    let many = genome::vcf(1..=80);
    dir.create("in.vcf", many);
    dir.create("disk/out.jsonl", "old");
    run("disk/out.jsonl").fails("RESOURCE.DISK_FULL", 4);
    assert_eq!(dir.text("disk/out.jsonl"), "old");
    // What was scored may be kept, for when there is room.
    let mut names: Vec<_> = fs::read_dir(disk.path())
        .expect("the disk")
        .map(|entry| entry.expect("a file").file_name())
        .filter(|name| *name != "out.jsonl.journal")
        .collect();
    assert_eq!(names.pop().as_deref(), Some("out.jsonl".as_ref()));
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn corner_cases_of_vcf_end_in_an_error_or_a_summary() {
    let dir = golden::prepared(dir!(), b"");
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 20, "the corner cases are missing");
    let share = files
        .len()
        .div_ceil(thread::available_parallelism().map_or(1, usize::from));
    thread::scope(|scope| {
        for (part, files) in files.chunks(share).enumerate() {
            let dir = &dir;
            scope.spawn(move || {
                files
                    .iter()
                    .for_each(|file| assert_answered(dir, part, file))
            });
        }
    });
}

/// Scoring a file, whatever is in it, ends in scores and a summary or in a located error.
fn assert_answered(dir: &Dir, part: usize, file: &PathBuf) {
    let output = format!("{part}.jsonl");
    let run = format!(
        "score --fasta ref.fa {} --no-receipt -o {output} --vcf",
        golden::MODEL
    );
    let finished = dir.run(&run).arg(file).finish();
    let stderr = finished.stderr();
    let written = fs::remove_file(dir.path(output)).is_ok();
    match finished.status() {
        Some(0) => assert!(written && stderr.contains("alleles: "), "{finished}"),
        Some(2) => assert!(!written && stderr.contains("[INPUT."), "{finished}"),
        _ => panic!("{finished}"),
    }
    assert!(!stderr.contains("panicked"), "{finished}");
}

fn collect(directory: &PathBuf, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("the corner cases") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files)
        } else {
            files.push(path)
        }
    }
}
