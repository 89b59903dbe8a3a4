//! A model directory loaded: every hash is checked before anything is computed with, and no file of weights is
//! held as a whole.

use crate::action::{ALLELE_HEADS, ActionEncoder};
use crate::bundle::{Bundle, ENCODER_FILES, language_builder, state_encoder};
use crate::encoder::LlamaBuilder;
use crate::files::ModelFiles;
use crate::info::ModelInfo;
use crate::opened::{Contents, OpenModel, ShardHashes, WeightFile, WeightPart};
use crate::ops::Ops;
use crate::predictor::Predictor;
use crate::tokenizer::SixMerTokenizer;
use crate::weights::{Tables, TensorReader, Weights};
use genolewm_core::provenance::{ENCODER_PREFIX, Sha256Stream};
use genolewm_core::{Error, ErrorCode, Result};
use std::collections::{BTreeMap, VecDeque};

impl<M: Clone> Bundle<M> {
    /// Loads a model, every hash of whose manifest is checked before anything is computed.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` for a missing file, `PROVENANCE.MANIFEST_HASH_MISMATCH` for a
    /// changed one, `CONFIG.*` and `DEPLOY.EXPORT_FORMAT` for contents that do not fit.
    pub fn load<O: Ops<Matrix = M>>(
        ops: &O,
        model: &dyn ModelFiles,
        encoder: &dyn ModelFiles,
    ) -> Result<Self> {
        Self::load_told(ops, model, encoder, EncoderDepth::Whole, &mut |_| ())
    }

    /// As [`load`](Self::load), to a depth of the encoder, and tells how far it is.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_told<O: Ops<Matrix = M>>(
        ops: &O,
        model: &dyn ModelFiles,
        encoder: &dyn ModelFiles,
        depth: EncoderDepth,
        tell: &mut dyn FnMut(LoadProgress),
    ) -> Result<Self> {
        let opened = OpenModel::open(model, encoder)?;
        let mut loading = Loading::new(&opened, depth)?;
        tell(loading.progress());
        for WeightFile { path, size, .. } in opened.weight_files()? {
            let mut left = size;
            opened.pieces(&path, &mut |piece| {
                let another = || another_size(&path);
                left = left.checked_sub(piece.len() as u64).ok_or_else(another)?;
                loading.push(ops, piece)?;
                tell(loading.progress());
                Ok(())
            })?;
            if left > 0 {
                return Err(another_size(&path));
            }
        }
        loading.finish(ops)
    }
}

/// How much of an encoder is loaded. All of it is read, and hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncoderDepth {
    /// What states are made with, the layers up to theirs: scores need no more.
    States,
    /// All layers and the head, as for likelihoods.
    Whole,
}

/// How far a model is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadProgress {
    /// Bytes of weights that have passed.
    pub done: u64,
    /// All of them.
    pub total: u64,
}

/// A model that is loaded piece by piece, as its bytes arrive. Every piece is hashed and at once made into
/// what the backend computes with; what comes of it is handed out when every hash was right.
#[derive(Debug)]
pub struct Loading<M> {
    info: ModelInfo,
    contents: Contents,
    /// Files that are not there yet; the first has begun.
    files: VecDeque<WeightFile>,
    progress: LoadProgress,
    /// Of the first file: bytes that are there, its hash, and its reader.
    seen: u64,
    hash: Sha256Stream,
    reader: TensorReader,
    shards: ShardHashes,
    /// What is wrong with contents, told once it is known that they are the right ones.
    fault: Option<Error>,
    language: Result<(LlamaBuilder<M>, SixMerTokenizer)>,
    action: Weights,
    predictor: Weights,
}

impl<M: Clone> Loading<M> {
    /// Begins to load a model; the files of weights come in the order of
    /// [`OpenModel::weight_files`].
    ///
    /// # Errors
    /// As [`Bundle::load`], for all but weights.
    pub fn new(opened: &OpenModel<'_>, depth: EncoderDepth) -> Result<Self> {
        let info = ModelInfo::of(opened)?;
        // Nothing reads it, and it is what the manifest vouches for.
        opened.artifact("eval")?;
        let files: VecDeque<_> = opened.weight_files()?.into();
        let count = |file: &&WeightFile| file.part == WeightPart::Encoder;
        let weights = |file: &str| Weights::from_tensors(file, BTreeMap::new());
        let language = language_builder(&opened.encoder_documents(), info.config.window_bp);
        let mut loading = Self {
            shards: ShardHashes::new(files.iter().filter(count).count()),
            progress: LoadProgress {
                done: 0,
                total: files.iter().map(|file| file.size).sum(),
            },
            language: language.map(|(llama, tokenizer)| match depth {
                EncoderDepth::States => (llama.up_to(info.state_layer), tokenizer),
                EncoderDepth::Whole => (llama, tokenizer),
            }),
            action: weights(&info.manifest.action_encoder.file),
            predictor: weights(&info.manifest.predictor.file),
            contents: opened.contents().clone(),
            info,
            files,
            seen: 0,
            hash: Sha256Stream::default(),
            reader: TensorReader::new("", 0, Tables::default()),
            fault: None,
        };
        loading.begin();
        Ok(loading)
    }

    /// How far it is.
    #[must_use]
    pub const fn progress(&self) -> LoadProgress {
        self.progress
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// `PROVENANCE.MANIFEST_HASH_MISMATCH` when a file has ended that is another one;
    /// `DEPLOY.EXPORT_FORMAT` for one that is the right one, and unfit.
    pub fn push<O: Ops<Matrix = M>>(&mut self, ops: &O, mut piece: &[u8]) -> Result<()> {
        while let Some(file) = self.files.front() {
            let left = file.size - self.seen;
            if piece.is_empty() && left > 0 {
                return Ok(());
            }
            let count = usize::try_from(left).map_or(piece.len(), |left| left.min(piece.len()));
            let (now, rest) = piece.split_at(count);
            piece = rest;
            self.take(ops, file.part, now);
            self.seen += count as u64;
            self.progress.done += count as u64;
            if count as u64 == left {
                self.end()?;
            }
        }
        match piece.is_empty() {
            true => Ok(()),
            false => Err(another_size("the last file")),
        }
    }

    /// The model, when all of it has come.
    ///
    /// # Errors
    /// `CONFIG.*` and `DEPLOY.EXPORT_FORMAT` for contents that do not fit.
    pub fn finish<O: Ops<Matrix = M>>(mut self, ops: &O) -> Result<Bundle<M>> {
        self.push(ops, &[])?;
        if let Some(file) = self.files.front() {
            return Err(another_size(&file.path));
        }
        let config = &self.info.config;
        let (llama, tokenizer) = self.language?;
        let llama = llama.build(ENCODER_FILES)?;
        let exact = ops.exact();
        let bundle = Bundle {
            encoder: state_encoder(llama, tokenizer, config)?,
            action: ActionEncoder::load(&exact, self.action, ALLELE_HEADS, config.max_window_bp)?,
            predictor: Predictor::load(&exact, self.predictor, config.predictor.n_heads)?,
            info: self.info,
        };
        bundle.check_widths()
    }

    fn begin(&mut self) {
        let Some(file) = self.files.front() else {
            return;
        };
        let tables = match (&self.language, file.part) {
            (Ok((llama, _)), WeightPart::Encoder) => llama.tables(),
            _ => Tables::default(),
        };
        let name = file.path.strip_prefix(ENCODER_PREFIX).unwrap_or(&file.path);
        self.reader = TensorReader::new(name, file.size, tables);
        self.seen = 0;
    }

    fn take<O: Ops<Matrix = M>>(&mut self, ops: &O, part: WeightPart, piece: &[u8]) {
        let Self {
            language,
            action,
            predictor,
            reader,
            ..
        } = self;
        match part {
            WeightPart::Encoder => self.shards.update(piece),
            WeightPart::Action | WeightPart::Predictor => self.hash.update(piece),
        }
        if self.fault.is_some() {
            return;
        }
        let pushed = match (part, language) {
            (WeightPart::Action, _) => reader.push(piece, &mut |name, it| action.add(name, &it)),
            (WeightPart::Predictor, _) => {
                reader.push(piece, &mut |name, it| predictor.add(name, &it))
            }
            (WeightPart::Encoder, Ok((llama, _))) => {
                let source = reader.source().to_owned();
                reader.push(piece, &mut |name, it| llama.add(ops, &source, name, &it))
            }
            (WeightPart::Encoder, Err(_)) => return,
        };
        self.fault = pushed.err();
    }

    /// Checks a file that has come, and goes on with the next.
    fn end(&mut self) -> Result<()> {
        let Some(file) = self.files.pop_front() else {
            return Ok(());
        };
        let is_read = self.language.is_ok() || file.part != WeightPart::Encoder;
        if is_read && self.fault.is_none() {
            self.fault = self.reader.finish().err();
        }
        if file.part == WeightPart::Encoder {
            let name = file.path.strip_prefix(ENCODER_PREFIX).unwrap_or(&file.path);
            self.contents
                .check_sealed(&file.path, self.shards.end(name))?;
            let next = self.files.front().map(|file| file.part);
            if next == Some(WeightPart::Encoder) {
                self.begin();
                return Ok(());
            }
            self.contents.check_encoder(&self.shards)?;
        } else {
            let hash = core::mem::take(&mut self.hash).finish();
            self.contents.check_artifact(file.part.artifact(), &hash)?;
        }
        match self.fault.take() {
            Some(fault) => Err(fault),
            None => {
                self.begin();
                Ok(())
            }
        }
    }
}

fn another_size(path: &str) -> Error {
    Error::new(
        ErrorCode::ResourceGeneric,
        format!("{path} does not have the size that it had when it was opened"),
    )
    .with_remedy("somebody writes to the model directory: load it again when that is done")
}
