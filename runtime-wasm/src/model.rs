//! A model whose files were checked.

use crate::files::FileMap;
use crate::js_error::{JsError, JsResult, misuse};
use genolewm::files::ModelFiles;
use genolewm::info::ModelInfo;
use genolewm::opened::{OpenModel, WeightFile};
use genolewm_core::provenance::{Json, RUNTIME_FILES, is_model_path};
use js_sys::{Array, Map, Uint8Array};
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;

/// Manifest, configuration and calibration of a model, and the sizes of its weights.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Model {
    pub(crate) info: Rc<ModelInfo>,
    pub(crate) files: FileMap,
    manifest: String,
    state_width: usize,
}

#[wasm_bindgen]
impl Model {
    /// Takes a `Map` from names (`manifest.json`, `encoder/config.json`) to bytes, and one from those of
    /// weights (`encoder/model.safetensors`) to their sizes.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` for a file that is missing, `PROVENANCE.MANIFEST_HASH_MISMATCH`
    /// for one that is not the manifest's.
    pub fn load(files: &Map, weights: &Map) -> JsResult<Model> {
        let bytes = |value: JsValue| Some(value.dyn_into::<Uint8Array>().ok()?.to_vec());
        let files = FileMap::new(entries(files, bytes)?, entries(weights, size)?);
        let encoder = files.encoder();
        let info = ModelInfo::load(&files, &encoder)?;
        let manifest = files.require("manifest.json")?;
        let config = encoder.require("config.json")?;
        let config = genolewm::encoder::LlamaConfig::parse(&config)?;
        Ok(Self {
            manifest: Json::parse(&manifest, "manifest.json")?.canonical()?,
            info: Rc::new(info),
            state_width: config.hidden_size,
            files,
        })
    }

    /// sha256 of the manifest.
    #[wasm_bindgen(getter, js_name = modelId)]
    #[must_use]
    pub fn model_id(&self) -> String {
        self.info.model_id.clone()
    }

    /// One hash over the manifest and the files that it has no place for.
    ///
    /// # Errors
    /// None in practice: only numbers can be refused.
    #[wasm_bindgen(getter, js_name = filesId)]
    pub fn files_id(&self) -> JsResult<String> {
        Ok(self.info.files_id()?)
    }

    /// Whether a seal vouches for every file.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn sealed(&self) -> bool {
        self.info.files.sealed
    }

    /// The rule by which the encoder's rows become a state, by name.
    #[wasm_bindgen(getter, js_name = stateContract)]
    #[must_use]
    pub fn state_contract(&self) -> String {
        self.info.config.encoder.contract.to_string()
    }

    /// Bases of a window.
    #[wasm_bindgen(getter, js_name = windowBp)]
    #[must_use]
    pub fn window_bp(&self) -> usize {
        self.info.config.window_bp
    }

    /// The views that a variant is read in, by name.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn views(&self) -> Vec<String> {
        self.info.config.views.names()
    }

    /// The grid that windows start on, in bp; `undefined` where they lie around their variants.
    #[wasm_bindgen(getter, js_name = windowStrideBp)]
    #[must_use]
    pub fn window_stride_bp(&self) -> Option<usize> {
        self.info.config.window_stride_bp
    }

    /// Width of a state.
    #[wasm_bindgen(getter, js_name = stateWidth)]
    #[must_use]
    pub fn state_width(&self) -> usize {
        self.state_width
    }

    /// The files of weights in the order in which a loader takes them, as JSON: `[{path, size}]`.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` when one is missing.
    #[wasm_bindgen(js_name = weightFiles)]
    pub fn weight_files(&self) -> JsResult<String> {
        let encoder = self.files.encoder();
        let files = OpenModel::open(&self.files, &encoder)?.weight_files()?;
        let file = |file: WeightFile| {
            Json::from([
                ("path", file.path.as_str().into()),
                ("size", (file.size as f64).into()),
            ])
        };
        Ok(Json::Array(files.into_iter().map(file).collect()).canonical()?)
    }

    /// The manifest as canonical JSON.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn manifest(&self) -> String {
        self.manifest.clone()
    }
}

fn entries<T>(map: &Map, read: impl Fn(JsValue) -> Option<T>) -> JsResult<BTreeMap<String, T>> {
    let mut all = BTreeMap::new();
    for entry in map.entries().into_iter().flatten() {
        let entry: Array = entry.unchecked_into();
        let (Some(name), Some(value)) = (entry.get(0).as_string(), read(entry.get(1))) else {
            let told = "a model is a Map from names to Uint8Array, and one from names to sizes";
            return Err(JsError(misuse(told)));
        };
        all.insert(name, value);
    }
    Ok(all)
}

/// A number of bytes.
fn size(value: JsValue) -> Option<u64> {
    /// The largest number that JavaScript counts to.
    const MOST: f64 = 9_007_199_254_740_991.0;
    let size = value.as_f64()?;
    (size.fract() == 0.0 && (0.0..=MOST).contains(&size)).then_some(size as u64)
}

/// Whether a model may name a file so: the rule that the package's own reader must have too.
#[wasm_bindgen(js_name = isModelPath)]
#[must_use]
pub fn may_name(path: &str) -> bool {
    is_model_path(path)
}

/// The files that a model may have beside those that its manifest names.
#[wasm_bindgen(js_name = runtimeFiles)]
#[must_use]
pub fn runtime_files() -> Vec<String> {
    RUNTIME_FILES.map(str::to_owned).to_vec()
}
