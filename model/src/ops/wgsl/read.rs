//! Reading matrices back.

use super::device::Gpu;
use super::fault::Fault;
use super::matrix::WgslMatrix;
use core::future::poll_fn;
use core::task::{Poll, Waker};
use genolewm_core::Result;
use std::sync::{Arc, Mutex, PoisonError};

impl Gpu {
    /// The values of `matrix`, after everything that was recorded before.
    ///
    /// # Errors
    /// What the device refused up to now, or that it is gone.
    pub(super) async fn read(&self, matrix: &WgslMatrix) -> Result<Vec<f32>> {
        self.faults().check()?;
        if matrix.len() == 0 {
            return Ok(Vec::new());
        }
        let staging = self.device().create_buffer(&wgpu::BufferDescriptor {
            label: Some("read"),
            size: matrix.bytes(),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let (submission, scopes) = {
            let mut recorder = self.record();
            recorder.copy_bytes(matrix, (staging.clone(), 0));
            (recorder.submit(), recorder.take_scopes())
        };
        let answer = Answer::default();
        let to = answer.clone();
        staging.map_async(wgpu::MapMode::Read, .., move |mapped| to.give(mapped));
        self.wait(submission);
        // A device that is lost natively may never answer.
        self.faults().check()?;
        let mapped = answer.get().await;
        for scope in scopes {
            if let Some(error) = scope.await {
                self.faults().record_error(&error);
            }
        }
        if let Err(error) = mapped {
            self.faults().record(Fault::Lost(error.to_string()));
        }
        self.faults().check()?;
        let values = self.copy_out(&staging);
        staging.destroy();
        values
    }

    fn copy_out(&self, staging: &wgpu::Buffer) -> Result<Vec<f32>> {
        match staging.get_mapped_range(..) {
            Ok(view) => Ok(bytemuck::pod_collect_to_vec(&view)),
            Err(error) => {
                self.faults().record(Fault::Refused(error.to_string()));
                self.faults().check().map(|()| Vec::new())
            }
        }
    }

    /// Waits for the device. A browser does so by itself.
    #[cfg(target_family = "wasm")]
    fn wait(&self, _submission: Option<wgpu::SubmissionIndex>) {}

    /// Waits for the device. wgpu panics when that is lost meanwhile; here it is an error.
    #[cfg(not(target_family = "wasm"))]
    fn wait(&self, submission_index: Option<wgpu::SubmissionIndex>) {
        let waiting = wgpu::PollType::Wait {
            submission_index,
            timeout: None,
        };
        let device = std::panic::AssertUnwindSafe(self.device());
        let polled = std::panic::catch_unwind(move || device.poll(waiting));
        match polled {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => self.faults().record(Fault::Refused(error.to_string())),
            Err(_) => {
                let reason = "it did not answer".to_owned();
                self.faults().record(Fault::Lost(reason));
            }
        }
    }
}

/// What the device says to a mapping, once it does.
#[derive(Clone, Default)]
struct Answer(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    mapped: Option<Mapped>,
    waker: Option<Waker>,
}

type Mapped = core::result::Result<(), wgpu::BufferAsyncError>;

impl Answer {
    fn give(&self, mapped: Mapped) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.mapped = Some(mapped);
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
    }

    async fn get(&self) -> Mapped {
        poll_fn(|context| {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(mapped) = waiting.mapped.take() {
                return Poll::Ready(mapped);
            }
            waiting.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}
