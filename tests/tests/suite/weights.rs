//! Weights that are larger than memory has room for.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]
#![cfg(target_os = "linux")]

use genolewm_core::provenance::Sha256Stream;
use genolewm_tests::{Dir, Program, dir};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Memory that the program may write to.
const MEMORY_KIB: u32 = 224 * 1024;
/// Rows of the embedding, of which DNA needs 4,100: 256 MB.
const ROWS: u64 = 1_000_000;
const EMBEDDING: &str = "model.embed_tokens.weight";

fn hash(path: &Path) -> String {
    let mut file = File::open(path).expect("a file");
    let (mut hash, mut piece) = (Sha256Stream::default(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut piece).expect("bytes") {
            0 => return hash.finish(),
            count => hash.update(&piece[..count]),
        }
    }
}

fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON");
    change(&mut value);
    fs::write(path, value.to_string()).expect("a file");
}

/// The built-in model with an encoder whose embedding has [`ROWS`] rows, most of them holes in the file.
fn large(dir: &Dir) {
    let builtin = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../models/builtin"));
    fs::create_dir_all(dir.path("model/encoder")).expect("a directory");
    let small = [
        "manifest.json",
        "train_config.yaml",
        "calibration.parquet",
        "eval_metrics.json",
    ];
    let weights = ["predictor.safetensors", "action_encoder.safetensors"];
    let encoder = [
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
    ];
    let encoder = encoder.map(|name| format!("encoder/{name}"));
    let names = small
        .into_iter()
        .chain(weights)
        .chain(encoder.iter().map(String::as_str));
    for name in names {
        fs::copy(builtin.join(name), dir.path(format!("model/{name}"))).expect("a file");
    }
    let whole = fs::read(builtin.join("encoder/model.safetensors")).expect("weights");
    let (length, rest) = whole.split_first_chunk::<8>().expect("a length");
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let mut header: Value = serde_json::from_slice(header).expect("a header");
    let table = header[EMBEDDING].clone();
    let (end, width) = (&table["data_offsets"][1], &table["shape"][1]);
    let (end, width) = (
        end.as_u64().expect("a place"),
        width.as_u64().expect("a width"),
    );
    let added = ROWS * width * 2 - end;
    for (name, tensor) in header.as_object_mut().expect("tensors") {
        if name == EMBEDDING {
            *tensor =
                json!({"dtype": "F16", "shape": [ROWS, width], "data_offsets": [0, end + added]});
        } else if let Some(offsets) = tensor.get_mut("data_offsets").and_then(Value::as_array_mut) {
            for offset in offsets {
                *offset = json!(offset.as_u64().expect("a place") + added);
            }
        }
    }
    let header = header.to_string();
    let path = dir.path("model/encoder/model.safetensors");
    let mut file = File::create(&path).expect("a file");
    let table = &data[..end as usize];
    file.write_all(&(header.len() as u64).to_le_bytes())
        .expect("written");
    file.write_all(header.as_bytes()).expect("written");
    file.write_all(table).expect("written");
    file.seek(SeekFrom::Current(added as i64)).expect("a hole");
    file.write_all(&data[end as usize..]).expect("written");
    drop(file);
    edit(&dir.path("model/encoder/config.json"), |config| {
        config["vocab_size"] = json!(ROWS)
    });
    edit(&dir.path("model/manifest.json"), |manifest| {
        manifest["encoder"]["hash"] = json!(hash(&path));
    });
}

#[test]
fn a_file_of_weights_was_held_whole_before_it_was_loaded() {
    let dir = dir!();
    large(&dir);
    let run = |flags: &str| {
        let program = dir.program().display();
        let reference = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/brca1.hg19.fa.gz");
        let run = format!(
            "ulimit -d {MEMORY_KIB}; exec '{program}' score --fasta '{reference}' \
             --variant chr17:41246481:T:C {flags}"
        );
        Program::new(Path::new("sh"), &dir.path("."))
            .args(["-c", &run])
            .finish()
    };
    let row = |flags: &str| {
        let finished = run(flags).expect_status(0);
        let row: Value = serde_json::from_str(&finished.stdout()).expect("a row");
        row["sigma_raw"].as_f64().expect("a figure")
    };
    // The same rows, and so the same score, as without all the others.
    assert_eq!(row("--model-dir model"), row(""));
    let path = dir.path("model/encoder/model.safetensors");
    let mut file = File::options().write(true).open(path).expect("a file");
    file.seek(SeekFrom::End(-1)).expect("its end");
    file.write_all(&[0x01]).expect("written");
    let finished = run("--model-dir model");
    assert!(
        finished.stderr().contains("MANIFEST_HASH_MISMATCH"),
        "{finished}"
    );
}
