//! `predictor_checkpoint.pt`, what the Python package's trainer saves: a ZIP archive of a pickle and of
//! files of numbers. A pickle is a program; it is read here without being run.

mod errors;
mod pickle;

use super::report;
use super::{Artifact, ExportFormat};
use errors::{damaged, not_read};
use genolewm::weights::NamedTensor;
use genolewm_core::Result;
use genolewm_core::limits::{MAX_ARCHIVE_FILES, MAX_DOCUMENT_BYTES};
use genolewm_core::provenance::sha256_prefixed;
use genolewm_report::output::read;
use genolewm_train::serialize::{Tensors, serialize};
use half::{bf16, f16};
use pickle::{Pickle, Storage, Tensor, Value};
use rawzip::{CompressionMethod, ZipArchive};
use safetensors::tensor::Dtype;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// A checkpoint that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct TorchCheckpoint {
    /// The predictor's tensors.
    pub predictor: Tensors,
    /// The action encoder's.
    pub action_encoder: Tensors,
    /// What it says of the run: `schema_version`, `run_id` and `dataset_snapshot_id`.
    pub about: BTreeMap<String, String>,
    /// Steps of training.
    pub steps_completed: Option<i64>,
}

/// The networks of a checkpoint as safetensors, in 16 bits or in 32, and the report of the Python
/// package's own export.
///
/// # Errors
/// As [`TorchCheckpoint::parse`]; `RESOURCE.GENERIC` for a file that cannot be read.
pub fn export(path: &Path, halves: bool) -> Result<Vec<Artifact>> {
    let bytes = read(path)?;
    let checkpoint = TorchCheckpoint::parse(&bytes);
    let checkpoint = checkpoint.map_err(|error| error.in_file(&path.display().to_string()))?;
    let dtype = if halves { Dtype::F16 } else { Dtype::F32 };
    let artifact = |component: &'static str, tensors: &Tensors| -> Result<Artifact> {
        Ok(Artifact {
            component,
            file: format!("{component}.safetensors"),
            bytes: serialize(tensors, dtype, None)?,
            tensors: tensors.len(),
        })
    };
    let mut artifacts = vec![
        artifact("predictor", &checkpoint.predictor)?,
        artifact("action_encoder", &checkpoint.action_encoder)?,
    ];
    let about = json!({
        "file": path.file_name().map(|name| name.to_string_lossy()),
        "sha256": sha256_prefixed(&bytes),
        "size_bytes": bytes.len(),
        "schema_version": checkpoint.about.get("schema_version"),
        "run_id": checkpoint.about.get("run_id"),
        "dataset_snapshot_id": checkpoint.about.get("dataset_snapshot_id"),
        "steps_completed": checkpoint.steps_completed,
    });
    let settings = [("checkpoint", about)];
    let report = report::render(None, ExportFormat::Safetensors, &settings, &artifacts)?;
    artifacts.push(report);
    Ok(artifacts)
}

/// Whether a file that begins so may be one.
#[must_use]
pub fn is_torch(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04")
}

impl TorchCheckpoint {
    /// Reads one from its bytes.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` for a file that is damaged or none, that asks for a function to be
    /// called, or lacks the tensors of a network.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let files = stored_files(bytes)?;
        let (name, pickle) = files
            .iter()
            .find(|(name, _)| name.ends_with("/data.pkl"))
            .ok_or_else(|| damaged("it has no data.pkl"))?;
        let folder = name.trim_end_matches("data.pkl");
        if pickle.len() > MAX_DOCUMENT_BYTES {
            return Err(
                damaged("its data.pkl is too large").with_detail("most", MAX_DOCUMENT_BYTES)
            );
        }
        if files
            .get(&format!("{folder}byteorder"))
            .is_some_and(|order| *order == b"big")
        {
            return Err(damaged(
                "its numbers have their bytes in the order of another machine",
            ));
        }
        let pickle = Pickle::parse(pickle)?;
        let archive = Archive {
            files: &files,
            folder,
        };
        let root = &pickle.value;
        let mut about = BTreeMap::new();
        for key in ["schema_version", "run_id", "dataset_snapshot_id"] {
            if let Some(Value::Text(text)) = pickle.get(root, key) {
                about.insert(key.to_owned(), text.to_string());
            }
        }
        Ok(Self {
            predictor: archive.tensors(&pickle, "predictor")?,
            action_encoder: archive.tensors(&pickle, "action_encoder")?,
            about,
            steps_completed: match pickle.get(root, "steps_completed") {
                Some(Value::Int(steps)) => Some(*steps),
                _ => None,
            },
        })
    }
}

/// The files of an archive, none of which is compressed.
fn stored_files(bytes: &[u8]) -> Result<BTreeMap<String, &[u8]>> {
    let archive = ZipArchive::from_slice(bytes).map_err(|error| not_read(&error))?;
    let mut files = BTreeMap::new();
    for entry in archive.entries() {
        let entry = entry.map_err(|error| not_read(&error))?;
        if files.len() == MAX_ARCHIVE_FILES {
            return Err(damaged("it has too many files").with_detail("most", MAX_ARCHIVE_FILES));
        }
        let name = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
        if entry.compression_method() != CompressionMethod::STORE {
            return Err(damaged("a file in it is compressed").with_detail("file", name));
        }
        let range = archive.get_entry(entry.wayfinder());
        let (start, end) = range
            .map_err(|error| not_read(&error))?
            .compressed_data_range();
        let [start, end] = [start, end].map(|at| usize::try_from(at).unwrap_or(usize::MAX));
        let found = bytes.get(start..end);
        files.insert(name, found.ok_or_else(|| damaged("it ends too early"))?);
    }
    Ok(files)
}

struct Archive<'a> {
    files: &'a BTreeMap<String, &'a [u8]>,
    folder: &'a str,
}

impl Archive<'_> {
    /// The tensors of one network.
    fn tensors(&self, pickle: &Pickle, key: &str) -> Result<Tensors> {
        let missing = || damaged("it lacks the tensors of a network").with_detail("network", key);
        let network = pickle.get(&pickle.value, key).ok_or_else(missing)?;
        let mut tensors = Tensors::new();
        // Views of one storage may be many, and each is copied.
        let mut room: usize = self.files.values().map(|file| file.len()).sum();
        for (name, value) in pickle.entries(network) {
            let (Value::Text(name), Value::Tensor(tensor)) = (name, value) else {
                return Err(
                    damaged("an entry of a network is no tensor").with_detail("network", key)
                );
            };
            let read = self.read(tensor);
            let read = read.map_err(|error| error.with_detail("tensor", name))?;
            let left = room.checked_sub(read.values.len());
            room = left.ok_or_else(|| damaged("its tensors hold more numbers than it has"))?;
            tensors.insert(name.to_string(), read);
        }
        if tensors.is_empty() {
            Err(missing())
        } else {
            Ok(tensors)
        }
    }

    fn read(&self, tensor: &Tensor) -> Result<NamedTensor> {
        let Tensor {
            storage,
            offset,
            shape,
            strides,
        } = tensor;
        let numbers = self.numbers(storage)?;
        let outside = || damaged("a tensor reaches out of its file");
        let count = shape
            .iter()
            .try_fold(1_usize, |all, size| all.checked_mul(*size));
        // A view may repeat numbers, which weights do not.
        let count = count.filter(|count| *count <= numbers.len() && shape.len() == strides.len());
        let count = count.ok_or_else(outside)?;
        let mut values = Vec::with_capacity(count);
        for index in 0..count {
            let (mut rest, mut at) = (index, *offset);
            for (size, stride) in shape.iter().zip(strides).rev() {
                let step = (rest % size).checked_mul(*stride);
                at = step
                    .and_then(|step| at.checked_add(step))
                    .ok_or_else(outside)?;
                rest /= size;
            }
            values.push(numbers.get(at).ok_or_else(outside)?);
        }
        Ok(NamedTensor {
            shape: shape.clone(),
            values,
        })
    }

    /// The bytes of a storage, and how one of its numbers is read.
    fn numbers(&self, storage: &Storage) -> Result<Numbers<'_>> {
        let name = format!("{}data/{}", self.folder, storage.key);
        let missing = || damaged("a file of numbers is missing").with_detail("file", &name);
        let bytes = *self.files.get(&name).ok_or_else(missing)?;
        let (width, read): (usize, fn(&[u8]) -> f32) = match storage.kind.as_str() {
            "FloatStorage" => (4, |bytes| {
                bytes.try_into().map_or(f32::NAN, f32::from_le_bytes)
            }),
            "HalfStorage" => (2, |bytes| {
                bytes
                    .try_into()
                    .map_or(f32::NAN, |bytes| f16::from_le_bytes(bytes).to_f32())
            }),
            "BFloat16Storage" => (2, |bytes| {
                bytes
                    .try_into()
                    .map_or(f32::NAN, |bytes| bf16::from_le_bytes(bytes).to_f32())
            }),
            other => {
                return Err(damaged("its numbers are of a kind that is not read")
                    .with_detail("kind", other)
                    .with_remedy("save the networks in float32, float16 or bfloat16"));
            }
        };
        if bytes.len() / width < storage.numbers {
            return Err(damaged("a file of numbers is too short").with_detail("file", name));
        }
        Ok(Numbers { bytes, width, read })
    }
}

/// Numbers that are read one by one.
struct Numbers<'a> {
    bytes: &'a [u8],
    width: usize,
    read: fn(&[u8]) -> f32,
}

impl Numbers<'_> {
    fn len(&self) -> usize {
        self.bytes.len() / self.width
    }

    fn get(&self, at: usize) -> Option<f32> {
        let start = at.checked_mul(self.width)?;
        self.bytes
            .get(start..start.checked_add(self.width)?)
            .map(self.read)
    }
}

#[cfg(test)]
mod tests;
