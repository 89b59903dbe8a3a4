//! Models that are loaded piece by piece: the same network whatever the pieces, and none of another file.

#![allow(clippy::expect_used)]

use crate::common::golden_dir;
use burn::tensor::Device;
use genolewm::bundle::Bundle;
use genolewm::files::{Directory, ModelFiles};
use genolewm::loading::{EncoderDepth, Loading};
use genolewm::opened::OpenModel;
use genolewm::ops::{BurnMatrix, BurnOps};
use genolewm::parameters::Parameters;
use genolewm::quantize::Packing;
use genolewm::tensor::{Tensor, TensorType};
use genolewm::weights::{Tables, TensorReader, Weights};
use genolewm_core::{ErrorCode, Result};
use half::{bf16, f16};
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};
use std::cell::Cell;
use std::path::PathBuf;

/// Files whose weights come in pieces of so many bytes, with one byte of one file changed.
struct Pieces<'a> {
    files: &'a Directory,
    bytes: usize,
    broken: Option<(&'a str, usize)>,
    largest: Cell<usize>,
}

impl ModelFiles for Pieces<'_> {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        assert!(!name.ends_with(".safetensors"), "{name} was read whole");
        self.files.read(name)
    }

    fn size(&self, name: &str) -> Result<Option<u64>> {
        self.files.size(name)
    }

    fn pieces(&self, name: &str, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut bytes = self.files.require(name)?;
        if let Some((_, place)) = self.broken.filter(|(broken, _)| *broken == name) {
            bytes[place] ^= 1;
        }
        bytes.chunks(self.bytes).try_for_each(|piece| {
            self.largest.set(self.largest.get().max(piece.len()));
            take(piece)
        })
    }

    fn describe(&self) -> String {
        self.files.describe()
    }
}

/// A backend whose weights can be read back.
fn plain() -> BurnOps {
    BurnOps::on(Device::flex(), "burn")
}

fn builtin() -> [Directory; 2] {
    let model = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../models/builtin"));
    [Directory(model.clone()), Directory(model.join("encoder"))]
}

fn in_pieces(bytes: usize, broken: Option<(&str, usize)>) -> Result<Bundle<BurnMatrix>> {
    let [model, encoder] = builtin();
    let of = |files| Pieces {
        files,
        bytes,
        broken,
        largest: Cell::new(0),
    };
    Bundle::load(&plain(), &of(&model), &of(&encoder))
}

fn values(mut bundle: Bundle<BurnMatrix>) -> Vec<(String, Vec<f32>)> {
    let mut all = Vec::new();
    let mut keep = |name: &str, matrix: &BurnMatrix| {
        let ops = plain();
        let values = crate::common::read(&ops, matrix);
        all.push((name.to_owned(), values));
    };
    let mut visit = |name: &str, _, matrix: &mut BurnMatrix| keep(name, matrix);
    bundle.encoder.llama.visit("encoder", &mut visit);
    bundle.action.visit("action", &mut visit);
    bundle.predictor.visit("predictor", &mut visit);
    all
}

#[test]
fn weights_that_come_in_pieces_are_those_of_the_whole_file() {
    let [model, encoder] = builtin();
    let whole = Bundle::load(&plain(), &model, &encoder).expect("the model");
    let whole = values(whole);
    assert!(whole.len() > 50);
    for bytes in [7, 4096, 1 << 30] {
        let pieces = values(in_pieces(bytes, None).expect("the model"));
        assert!(whole == pieces, "pieces of {bytes} bytes");
    }
}

/// The header is read before the hash is known: what is wrong with it is told only of the right file.
#[test]
fn another_file_was_told_as_a_broken_one() {
    let weights = [
        "action_encoder.safetensors",
        "predictor.safetensors",
        "model.safetensors",
    ];
    for name in weights {
        for place in [0, 7, 12, 2000, 300_000] {
            let error = in_pieces(1000, Some((name, place))).expect_err(name);
            let is = error.code();
            assert_eq!(
                is,
                ErrorCode::ProvenanceManifestHashMismatch,
                "{name} {place}"
            );
        }
    }
}

#[test]
fn a_file_that_grew_or_shrank_while_it_was_read_was_loaded() {
    let [model, encoder] = builtin();
    let opened = OpenModel::open(&model, &encoder).expect("the model");
    let ops = plain();
    let whole = |loading: &mut Loading<BurnMatrix>, leave: usize| -> Result<()> {
        for file in opened.weight_files().expect("files") {
            opened.pieces(&file.path, &mut |piece| {
                let end = piece.len().saturating_sub(leave);
                loading.push(&ops, &piece[..end])
            })?;
        }
        Ok(())
    };
    let mut loading = Loading::new(&opened, EncoderDepth::Whole).expect("a model");
    whole(&mut loading, 0).expect("the right files");
    assert_eq!(loading.progress().done, loading.progress().total);
    loading.push(&ops, b"x").expect_err("more than there is");
    let mut loading = Loading::new(&opened, EncoderDepth::Whole).expect("a model");
    // A byte that is missing moves all that follow, or is missing at the end.
    if whole(&mut loading, 1).is_ok() {
        let error = loading.finish(&ops).map(|_| ()).expect_err("a part of it");
        assert_eq!(error.code(), ErrorCode::ResourceGeneric);
    }
}

fn file_of(rows: usize, columns: usize, numbers: &[f32]) -> Vec<u8> {
    let half: Vec<u8> = numbers
        .iter()
        .flat_map(|x| f16::from_f32(*x).to_le_bytes())
        .collect();
    let brain: Vec<u8> = numbers
        .iter()
        .flat_map(|x| bf16::from_f32(*x).to_le_bytes())
        .collect();
    let full: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    let eight = Packing::Int8.pack(numbers, columns).expect("codes");
    let four = Packing::Int4.pack(numbers, columns).expect("codes");
    let scales8: Vec<u8> = eight.scales.iter().flat_map(|x| x.to_le_bytes()).collect();
    let scales4: Vec<u8> = four
        .scales
        .iter()
        .flat_map(|x| f16::from_f32(*x).to_le_bytes())
        .collect();
    let groups = Packing::Int4.row_scales(columns);
    let view = |dtype, shape: &[usize], bytes| {
        TensorView::new(dtype, shape.to_vec(), bytes).expect("a view")
    };
    let tensors = [
        ("half", view(Dtype::F16, &[rows, columns], &half)),
        ("brain", view(Dtype::BF16, &[rows, columns], &brain)),
        ("full", view(Dtype::F32, &[rows, columns], &full)),
        ("eight", view(Dtype::I8, &[rows, columns], &eight.codes)),
        ("eight_scale", view(Dtype::F32, &[rows], &scales8)),
        ("four", view(Dtype::U8, &[rows, columns / 2], &four.codes)),
        ("four_scale", view(Dtype::F16, &[rows, groups], &scales4)),
        ("row", view(Dtype::F32, &[columns], &full[..4 * columns])),
    ];
    safetensors::serialize(tensors, None).expect("a file")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Rows of tables, and all of the others, whatever the pieces.
    #[test]
    fn tensors_are_the_same_whatever_the_pieces(
        rows in 1usize..9,
        pairs in 1usize..40,
        sizes in prop::collection::vec(1usize..400, 1..40),
        wanted in prop::collection::vec(0u32..9, 1..6),
        seed in 1u32..1000,
    ) {
        let columns = 2 * pairs;
        let numbers: Vec<f32> = (0..rows * columns)
            .map(|i| ((i as u32).wrapping_mul(seed * 2_654_435 + 1) % 2000) as f32 / 500.0 - 2.0)
            .collect();
        let bytes = file_of(rows, columns, &numbers);
        let wanted: Vec<u32> = wanted.into_iter().map(|row| row % rows as u32).collect();
        let tables = ["full", "eight", "four", "brain"];
        let names = tables.map(str::to_owned).to_vec();
        let given = Tables { names, rows: wanted.clone() };
        let mut reader = TensorReader::new("file", bytes.len() as u64, given);
        let mut read: Vec<(String, Vec<usize>, Vec<f32>)> = Vec::new();
        let mut take = |name: &str, tensor: Tensor<'_>| {
            read.push((name.to_owned(), tensor.shape().to_vec(), tensor.to_f32()));
            Ok(())
        };
        let (mut rest, mut sizes) = (bytes.as_slice(), sizes.iter().cycle());
        while !rest.is_empty() {
            let size = sizes.next().copied().unwrap_or(1).min(rest.len());
            reader.push(&rest[..size], &mut take).expect("a piece");
            rest = &rest[size..];
        }
        reader.finish().expect("a file");
        let whole = Weights::parse(&bytes, "file", |_| true).expect("a file").into_tensors();
        prop_assert_eq!(read.len(), whole.len());
        for (name, shape, values) in read {
            let all = &whole[&name];
            if !tables.contains(&name.as_str()) {
                prop_assert_eq!((&shape, &values), (&all.shape, &all.values));
                continue;
            }
            prop_assert_eq!(shape, vec![wanted.len(), columns]);
            for (row, values) in wanted.iter().zip(values.chunks(columns)) {
                let start = *row as usize * columns;
                prop_assert_eq!(values, &all.values[start..start + columns]);
            }
        }
        prop_assert!(reader.push(b"x", &mut |_, _| Ok(())).is_err());
    }
}

#[test]
fn a_tensor_says_where_its_first_bad_value_is() {
    for place in [0, 5, 2047, 2048, 5000] {
        let mut values = vec![0.5f32; 6000];
        values[place] = f32::INFINITY;
        let tensor = Tensor::of_values(vec![60, 100], &values).expect("a tensor");
        assert_eq!(tensor.first_not_finite(), Some((place, f32::INFINITY)));
        for kind in [TensorType::F16, TensorType::Bf16] {
            let bytes: Vec<u8> = values
                .iter()
                .flat_map(|x| match kind {
                    TensorType::F16 => f16::from_f32(*x).to_le_bytes(),
                    _ => bf16::from_f32(*x).to_le_bytes(),
                })
                .collect();
            let tensor = Tensor::new(kind, vec![60, 100], bytes, Vec::new()).expect("a tensor");
            assert_eq!(tensor.first_not_finite(), Some((place, f32::INFINITY)));
        }
    }
    assert!(Tensor::of_values(vec![3], &[1.0]).is_none());
    assert!(
        Tensor::new(
            TensorType::Packed(Packing::Int4),
            vec![1, 3],
            vec![0; 2],
            vec![1.0]
        )
        .is_none()
    );
}

#[test]
fn the_golden_encoder_is_read_in_pieces_from_a_disk() {
    let files = Directory(golden_dir().join("pipeline/encoder"));
    let name = "model.safetensors";
    let mut read = Vec::new();
    files
        .pieces(name, &mut |piece| {
            read.extend_from_slice(piece);
            Ok(())
        })
        .expect("a file");
    assert_eq!(files.size(name).expect("a size"), Some(read.len() as u64));
    assert_eq!(files.read(name).expect("a file"), Some(read));
    assert!(files.pieces("absent", &mut |_| Ok(())).is_err());
    assert!(files.pieces("../x", &mut |_| Ok(())).is_err());
    assert_eq!(files.size("absent").expect("none"), None);
}
