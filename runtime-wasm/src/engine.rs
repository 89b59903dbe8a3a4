//! The network on one backend.

use crate::edits::{read_edits, read_sequences};
use crate::job::{read_job, write_answers};
use crate::js_error::{JsResult, misuse};
use crate::model::Model;
use genolewm::loading::{EncoderDepth, Loading};
use genolewm::opened::OpenModel;
use genolewm::ops::{CpuOps, Ops, WgslOps};
use genolewm::scorer::{Prediction, ScoreOptions, Scorer};
use genolewm::self_check;
use genolewm_core::Result;
use genolewm_core::edit::RelEdit;
use genolewm_core::position::BpOffset;
use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use wasm_bindgen::prelude::*;

/// A loaded network. Calls may overlap; on a GPU they queue.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Engine {
    network: DeviceScorer,
    device: String,
    /// The same on the processor, until a GPU's answers were compared with its own.
    processor: RefCell<Option<Box<Scorer<CpuOps>>>>,
}

#[derive(Debug)]
enum DeviceScorer {
    Cpu(Box<Scorer<CpuOps>>),
    Gpu(Box<Scorer<WgslOps>>),
}

/// Runs the same lines on whichever scorer there is.
macro_rules! on {
    ($network:expr, $scorer:ident => $body:expr) => {
        match $network {
            DeviceScorer::Cpu($scorer) => $body,
            DeviceScorer::Gpu($scorer) => $body,
        }
    };
}

#[wasm_bindgen]
impl Engine {
    /// The backend as receipts name it.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn backend(&self) -> String {
        on!(&self.network, scorer => scorer.ops().backend().to_owned())
    }

    /// The device as receipts name it.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn device(&self) -> String {
        self.device.clone()
    }

    /// Compares the answers to a few fixed edits with the model's known ones, or else, on a GPU,
    /// with the processor's.
    ///
    /// # Errors
    /// `DEPLOY.BACKEND_UNSUPPORTED` when they differ; what the device reports.
    #[wasm_bindgen(js_name = selfCheck)]
    pub async fn self_check(&self) -> JsResult<()> {
        let processor = || match (&self.network, self.processor.take()) {
            (DeviceScorer::Cpu(_), _) => Ok(None),
            (DeviceScorer::Gpu(_), Some(processor)) => Ok(Some(*processor)),
            (DeviceScorer::Gpu(_), None) => Err(misuse("an engine is checked once")),
        };
        Ok(on!(&self.network, scorer => self_check::verify(scorer, processor).await)?)
    }

    /// Scores the edits of the self-check, for timing; returns how many they are.
    ///
    /// # Errors
    /// What the device reports.
    pub async fn probe(&self) -> JsResult<usize> {
        let answers = on!(&self.network, scorer => self_check::answers(scorer).await)?;
        Ok(answers.len())
    }

    /// Runs the batch of a job; two numbers for each of its candidates.
    ///
    /// # Errors
    /// As [`Scorer::distances`].
    pub async fn score(&self, job: &[u8]) -> JsResult<Vec<f64>> {
        let (candidates, options) = read_job(job)?;
        let answers = on!(&self.network, scorer => {
            let windows = options.windows(&scorer.bundle().info.config);
            scorer.distances_in(&windows, &candidates).await
        })?;
        Ok(write_answers(&answers))
    }

    /// As [`score`](Self::score), before it returns: for the processor, which waits for nothing. Where
    /// memory runs out, the caller learns of it; what fails in a task of its own has no caller, and
    /// ends a process.
    ///
    /// # Errors
    /// As [`score`](Self::score).
    #[wasm_bindgen(js_name = scoreNow)]
    pub fn score_now(&self, job: &[u8]) -> JsResult<Vec<f64>> {
        now(self.score(job))
    }

    /// As [`encode_window`](Self::encode_window), before it returns.
    ///
    /// # Errors
    /// As [`encode_window`](Self::encode_window).
    #[wasm_bindgen(js_name = encodeWindowNow)]
    pub fn encode_window_now(&self, window: &str, edit_locus: Option<f64>) -> JsResult<Vec<f32>> {
        now(self.encode_window(window, edit_locus))
    }

    /// As [`predict`](Self::predict), before it returns.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    #[wasm_bindgen(js_name = predictNow)]
    pub fn predict_now(&self, state: Vec<f32>, edits: &str) -> JsResult<Vec<f32>> {
        now(self.predict(state, edits))
    }

    /// The state of a window, pooled around `edit_locus` (0-based in the window).
    ///
    /// # Errors
    /// `INPUT.GENERIC` for letters that are no bases, or a locus outside.
    #[wasm_bindgen(js_name = encodeWindow)]
    pub async fn encode_window(&self, window: &str, edit_locus: Option<f64>) -> JsResult<Vec<f32>> {
        let locus = edit_locus.map(|locus| BpOffset(locus as u64));
        Ok(on!(&self.network, scorer => scorer.encode_window(window, locus).await)?)
    }

    /// The state that should follow from `state` after all of `edits`.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a state of another width, or no edits or too many.
    pub async fn predict(&self, state: Vec<f32>, edits: &str) -> JsResult<Vec<f32>> {
        let edits = read_edits(edits)?;
        Ok(on!(&self.network, scorer => scorer.predict(state, &edits).await)?)
    }

    /// The states that should follow from `state` after all edits of each sequence, one row for each; or
    /// with `every`, after each edit of the one sequence. `prediction` is `together` or `stepwise`.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub async fn follow(
        &self,
        state: Vec<f32>,
        sequences: &str,
        prediction: &str,
        every: bool,
    ) -> JsResult<Vec<f32>> {
        let how = Prediction::by_name(prediction)?;
        let sequences = read_sequences(sequences)?;
        let sequences: Vec<&[RelEdit]> = sequences.iter().map(Vec::as_slice).collect();
        Ok(match (every, sequences.as_slice()) {
            (false, sequences) => {
                on!(&self.network, scorer => scorer.predict_sequences(&state, sequences, how).await)?
            }
            (true, [edits]) => {
                on!(&self.network, scorer => scorer.trajectory(state, edits, how).await)?
            }
            (true, _) => return Err(misuse("every state is of one sequence").into()),
        })
    }

    /// As [`follow`](Self::follow), before it returns.
    ///
    /// # Errors
    /// As [`follow`](Self::follow).
    #[wasm_bindgen(js_name = followNow)]
    pub fn follow_now(
        &self,
        state: Vec<f32>,
        sequences: &str,
        prediction: &str,
        every: bool,
    ) -> JsResult<Vec<f32>> {
        now(self.follow(state, sequences, prediction, every))
    }

    /// The states of a window with the edits of each sequence, one row for each.
    ///
    /// # Errors
    /// As [`encode_window`](Self::encode_window), and for edits that do not fit.
    #[wasm_bindgen(js_name = encodeEdited)]
    pub async fn encode_edited(
        &self,
        window: &str,
        sequences: &str,
        locus: Option<f64>,
    ) -> JsResult<Vec<f32>> {
        let sequences = read_sequences(sequences)?;
        let sequences: Vec<&[RelEdit]> = sequences.iter().map(Vec::as_slice).collect();
        let locus = locus.map(|locus| BpOffset(locus as u64));
        Ok(on!(&self.network, scorer => scorer.encode_edited(window, &sequences, locus).await)?)
    }

    /// As [`encode_edited`](Self::encode_edited), before it returns.
    ///
    /// # Errors
    /// As [`encode_edited`](Self::encode_edited).
    #[wasm_bindgen(js_name = encodeEditedNow)]
    pub fn encode_edited_now(
        &self,
        window: &str,
        sequences: &str,
        locus: Option<f64>,
    ) -> JsResult<Vec<f32>> {
        now(self.encode_edited(window, sequences, locus))
    }

    /// The actions of edits, `[edits, d_action]` in row-major order.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when there are none.
    #[wasm_bindgen(js_name = encodeActions)]
    pub async fn encode_actions(&self, edits: &str) -> JsResult<Vec<f32>> {
        let edits = read_edits(edits)?;
        Ok(on!(&self.network, scorer => scorer.encode_actions(&edits).await)?)
    }

    /// The states after one action each: rows of `states` under the rows of `actions`.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for rows of another width or number.
    #[wasm_bindgen(js_name = predictBatch)]
    pub async fn predict_batch(&self, states: Vec<f32>, actions: Vec<f32>) -> JsResult<Vec<f32>> {
        Ok(on!(&self.network, scorer => scorer.predict_batch(states, actions).await)?)
    }

    /// Whether the device is gone; everything fails then.
    #[must_use]
    pub fn lost(&self) -> bool {
        match &self.network {
            DeviceScorer::Cpu(_) => false,
            DeviceScorer::Gpu(scorer) => scorer.ops().lost(),
        }
    }
}

/// The result of work that never waits.
fn now<T>(work: impl Future<Output = JsResult<T>>) -> JsResult<T> {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => Err(misuse("this backend waits for its device").into()),
    }
}

/// A network that is loaded while its bytes arrive: every file of [`Model::weight_files`] in that order.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Loader {
    network: DeviceLoading,
    /// Beside a GPU, whose answers it tells where the model brings none.
    processor: Option<OnDevice<CpuOps>>,
}

#[derive(Debug)]
enum DeviceLoading {
    Cpu(OnDevice<CpuOps>),
    Gpu(OnDevice<WgslOps>),
}

#[derive(Debug)]
struct OnDevice<O: Ops> {
    ops: O,
    loading: Loading<O::Matrix>,
}

impl<O: Ops> OnDevice<O> {
    fn new(ops: O, model: &Model) -> Result<Self> {
        let encoder = model.files.encoder();
        let opened = OpenModel::open(&model.files, &encoder)?;
        let loading = Loading::new(&opened, EncoderDepth::States)?;
        Ok(Self { ops, loading })
    }

    fn push(&mut self, piece: &[u8]) -> Result<()> {
        self.loading.push(&self.ops, piece)
    }

    fn finish(self) -> Result<Box<Scorer<O>>> {
        let bundle = self.loading.finish(&self.ops)?;
        Ok(Box::new(Scorer::new(
            self.ops,
            bundle,
            ScoreOptions::default(),
        )))
    }
}

#[wasm_bindgen]
impl Loader {
    /// Begins on the processor.
    ///
    /// # Errors
    /// As [`Loading::new`].
    pub fn cpu(model: &Model) -> JsResult<Loader> {
        Ok(Self {
            network: DeviceLoading::Cpu(OnDevice::new(CpuOps::new(), model)?),
            processor: None,
        })
    }

    /// Begins on the GPU.
    ///
    /// # Errors
    /// `DEPLOY.BACKEND_UNSUPPORTED` with the reason where there is none; as [`Loading::new`].
    pub async fn webgpu(model: &Model) -> JsResult<Loader> {
        let ops = WgslOps::new().await?;
        let needs_processor = model.info.self_check.is_none();
        let processor = needs_processor.then(|| OnDevice::new(CpuOps::new(), model));
        Ok(Self {
            network: DeviceLoading::Gpu(OnDevice::new(ops, model)?),
            processor: processor.transpose()?,
        })
    }

    /// Takes the next bytes: whatever they complete is handed to the device.
    ///
    /// # Errors
    /// As [`Loading::push`].
    pub fn push(&mut self, piece: &[u8]) -> JsResult<()> {
        if let Some(processor) = &mut self.processor {
            processor.push(piece)?;
        }
        match &mut self.network {
            DeviceLoading::Cpu(network) => network.push(piece)?,
            DeviceLoading::Gpu(network) => network.push(piece)?,
        }
        Ok(())
    }

    /// The engine, when all bytes have come.
    ///
    /// # Errors
    /// As [`Loading::finish`].
    pub fn finish(self) -> JsResult<Engine> {
        let (network, device) = match self.network {
            DeviceLoading::Cpu(network) => (
                DeviceScorer::Cpu(network.finish()?),
                format!("cpu/{}", std::env::consts::ARCH),
            ),
            DeviceLoading::Gpu(network) => {
                let device = format!("{}/{}", network.ops.backend(), network.ops.device_name());
                (DeviceScorer::Gpu(network.finish()?), device)
            }
        };
        let processor = self.processor.map(OnDevice::finish).transpose()?;
        Ok(Engine {
            network,
            device,
            processor: RefCell::new(processor),
        })
    }
}
