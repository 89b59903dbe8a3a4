//! Commands that wait to be sent to the device.

use super::fault::{Fault, Faults};
use super::kernels::{Kernel, Pipelines};
use super::matrix::WgslMatrix;
use super::pool::{Pool, Writer, size_class};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::sync::Arc;

/// Where a binding may start in a buffer, for every device.
const ALIGNMENT: u64 = 256;

/// Commands in one submission at most.
const COMMANDS_AT_ONCE: usize = 1024;

/// Multiplications in one submission, roughly: few enough that a slow GPU draws the page in between and is
/// not reset for answering late, many enough that submissions cost nothing.
pub(super) const WORK_AT_ONCE: u64 = 2 << 30;

/// Uploads after which the staging memory is handed to the device.
const UPLOAD_AT_ONCE: u64 = 64 << 20;

/// Bytes of parameters and tables in one submission, unless a single table is larger.
const STAGED_BYTES: u64 = 1 << 20;

/// Workgroups along one axis of a dispatch.
const GROUPS_PER_AXIS: u64 = 65_535;

/// An error scope that was closed and has not answered.
#[cfg(not(target_family = "wasm"))]
pub(super) type Scope = Pin<Box<dyn Future<Output = Option<wgpu::Error>> + Send>>;
/// An error scope that was closed and has not answered.
#[cfg(target_family = "wasm")]
pub(super) type Scope = Pin<Box<dyn Future<Output = Option<wgpu::Error>>>>;

/// What a kernel reads.
#[derive(Debug, Clone, Copy)]
pub(super) enum KernelInput<'a> {
    Matrix(&'a WgslMatrix),
    Indices(&'a [u32]),
    Values(&'a [f32]),
}

/// One run of a kernel.
#[derive(Debug)]
pub(super) struct KernelJob<'a> {
    pub(super) kernel: Kernel,
    /// The fields of the kernel's `Params`, in order; floats by their bits.
    pub(super) params: &'a [u32],
    pub(super) inputs: &'a [KernelInput<'a>],
    pub(super) output: &'a WgslMatrix,
    /// Workgroups; a kernel counts them with `group_index`.
    pub(super) groups: u64,
    /// Layers of that many workgroups.
    pub(super) layers: u32,
    /// Multiplications, roughly.
    pub(super) work: u64,
}

#[derive(Debug)]
enum GpuCommand {
    Dispatch {
        pipeline: wgpu::ComputePipeline,
        bindings: wgpu::BindGroup,
        groups: [u32; 3],
    },
    Copy {
        from: (wgpu::Buffer, u64),
        to: (wgpu::Buffer, u64),
        bytes: u64,
    },
}

/// Collects commands, parameters and tables, and submits them together.
pub(super) struct Recorder {
    device: wgpu::Device,
    queue: wgpu::Queue,
    pool: Arc<Pool>,
    faults: Arc<Faults>,
    pipelines: Pipelines,
    commands: Vec<GpuCommand>,
    work: u64,
    /// What `tables` will hold when the commands run.
    staged: Vec<u8>,
    tables: wgpu::Buffer,
    uploaded: u64,
    /// Scopes of submissions that no read has waited for.
    scopes: Vec<Scope>,
}

impl core::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Recorder")
            .field("commands", &self.commands.len())
            .field("staged", &self.staged.len())
            .finish_non_exhaustive()
    }
}

impl Recorder {
    pub(super) fn new(
        device: wgpu::Device,
        queue: wgpu::Queue,
        pool: Arc<Pool>,
        faults: Arc<Faults>,
    ) -> Self {
        let tables = table_buffer(&device, STAGED_BYTES);
        let mut recorder = Self {
            device,
            queue,
            pool,
            faults,
            pipelines: Pipelines::default(),
            commands: Vec::new(),
            work: 0,
            staged: Vec::new(),
            tables,
            uploaded: 0,
            scopes: Vec::new(),
        };
        // A browser makes pipelines beside what this thread does: while weights are loaded.
        if cfg!(target_family = "wasm") {
            for kernel in Kernel::OF_ANY_MODEL {
                recorder.prepare(kernel);
            }
        }
        recorder
    }

    /// Has a pipeline made that will be needed.
    pub(super) fn prepare(&mut self, kernel: Kernel) {
        self.pipelines.get(&self.device, kernel);
    }

    /// A new matrix with these values, or words of as many bytes.
    pub(super) fn upload(
        &mut self,
        values: &[impl bytemuck::NoUninit],
        shape: [usize; 2],
    ) -> WgslMatrix {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let buffer = self.pool.take(bytes.len() as u64, Writer::Host);
        if bytes.len() as u64 <= buffer.size() {
            self.queue.write_buffer(&buffer, 0, bytes);
        }
        self.uploaded += bytes.len() as u64;
        if self.uploaded > UPLOAD_AT_ONCE {
            self.queue.submit([]);
            self.uploaded = 0;
        }
        WgslMatrix::new(&self.pool, buffer, shape)
    }

    /// Bytes of the largest matrix that a kernel can see.
    pub(super) fn max_bytes(&self) -> u64 {
        self.pool.max_bytes()
    }

    /// A new matrix with anything in it, which the next command writes.
    pub(super) fn output(&self, shape: [usize; 2]) -> WgslMatrix {
        let bytes = (shape[0] * shape[1]) as u64 * super::matrix::VALUE;
        let buffer = self.pool.take(bytes, Writer::Command);
        WgslMatrix::new(&self.pool, buffer, shape)
    }

    /// Records a run of a kernel.
    pub(super) fn dispatch(&mut self, job: &KernelJob<'_>) {
        if job.groups == 0 || job.layers == 0 || self.faults.any() {
            return;
        }
        if self.work + job.work > WORK_AT_ONCE {
            self.submit();
        }
        let inputs: Vec<Aligned> = job
            .inputs
            .iter()
            .map(|input| self.aligned(*input))
            .collect();
        let tables = job.inputs.iter().map(|input| padded(table(*input)));
        if !self.make_room(padded(bytemuck::cast_slice(job.params)) + tables.sum::<u64>()) {
            return;
        }
        let pipeline = self.pipelines.get(&self.device, job.kernel);
        let params = self.stage(bytemuck::cast_slice(job.params));
        let mut places = vec![params, whole(job.output)];
        for (input, aligned) in job.inputs.iter().zip(&inputs) {
            places.push(match aligned {
                Some(matrix) => whole(matrix),
                None => self.stage(table(*input)),
            });
        }
        let bindings = self.bind(&pipeline.layout, &places);
        let columns = job.groups.div_ceil(job.groups.div_ceil(GROUPS_PER_AXIS));
        let rows = job.groups.div_ceil(columns);
        self.commands.push(GpuCommand::Dispatch {
            pipeline: pipeline.pipeline,
            bindings,
            groups: [columns as u32, rows as u32, job.layers],
        });
        self.work += job.work;
        self.submit_when_full();
    }

    /// Records a copy of all of `from` into `to`, `offset` bytes after its start.
    pub(super) fn copy(&mut self, from: &WgslMatrix, to: &WgslMatrix, offset: u64) {
        let to = (to.buffer().clone(), to.first_byte() + offset);
        self.copy_bytes(from, to);
    }

    /// Records a copy of all of `from` to a place in a buffer.
    pub(super) fn copy_bytes(&mut self, from: &WgslMatrix, to: (wgpu::Buffer, u64)) {
        if from.bytes() == 0 || self.faults.any() {
            return;
        }
        self.commands.push(GpuCommand::Copy {
            from: (from.buffer().clone(), from.first_byte()),
            to,
            bytes: from.bytes(),
        });
        self.submit_when_full();
    }

    /// Sends everything that is recorded. Returns what to wait for, when there was something.
    pub(super) fn submit(&mut self) -> Option<wgpu::SubmissionIndex> {
        if self.commands.is_empty() {
            return None;
        }
        let scopes = [
            wgpu::ErrorFilter::Validation,
            wgpu::ErrorFilter::OutOfMemory,
            wgpu::ErrorFilter::Internal,
        ]
        .map(|filter| self.device.push_error_scope(filter));
        if !self.staged.is_empty() {
            self.queue.write_buffer(&self.tables, 0, &self.staged);
        }
        let commands = encode(&self.device, &self.commands);
        let index = self.queue.submit([commands]);
        for scope in scopes.into_iter().rev() {
            self.close(Box::pin(scope.pop()));
        }
        self.commands.clear();
        self.staged.clear();
        self.work = 0;
        self.uploaded = 0;
        self.pool.settle();
        Some(index)
    }

    /// Bytes of all buffers that nobody uses.
    #[cfg(all(test, feature = "native"))]
    pub(super) fn idle_bytes(&self) -> u64 {
        self.pool.idle_bytes()
    }

    /// Scopes to wait for before results are believed.
    pub(super) fn take_scopes(&mut self) -> Vec<Scope> {
        std::mem::take(&mut self.scopes)
    }

    fn submit_when_full(&mut self) {
        if self.commands.len() >= COMMANDS_AT_ONCE || self.work >= WORK_AT_ONCE {
            self.submit();
        }
    }

    /// Asks a closed scope at once, since natively it knows, and keeps it where it does not.
    fn close(&mut self, mut scope: Scope) {
        match scope.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(error)) => self.faults.record_error(&error),
            Poll::Ready(None) => {}
            Poll::Pending => self.scopes.push(scope),
        }
    }

    /// A matrix that a binding can start at: a copy, where its rows start elsewhere.
    fn aligned(&mut self, input: KernelInput<'_>) -> Aligned {
        let KernelInput::Matrix(matrix) = input else {
            return None;
        };
        if matrix.first_byte().is_multiple_of(ALIGNMENT) {
            return Some(matrix.clone());
        }
        let copy = self.output(matrix.shape());
        self.copy(matrix, &copy, 0);
        Some(copy)
    }

    /// Room for `bytes` of parameters and tables. `false`, and a fault, where there is none.
    fn make_room(&mut self, bytes: u64) -> bool {
        if self.staged.len() as u64 + bytes > self.tables.size() {
            self.submit();
        }
        if bytes > self.tables.size() {
            let most = self.device.limits().max_storage_buffer_binding_size;
            if bytes > most {
                self.faults.record(Fault::OutOfMemory(format!(
                    "tables of {bytes} bytes, where the device takes {most} at most"
                )));
                return false;
            }
            self.tables = table_buffer(&self.device, size_class(bytes));
        }
        true
    }

    /// Puts bytes into the tables.
    fn stage(&mut self, bytes: &[u8]) -> BufferRange {
        let offset = self.staged.len() as u64;
        self.staged.extend_from_slice(bytes);
        let end = (offset + padded(bytes)) as usize;
        self.staged.resize(end, 0);
        BufferRange {
            buffer: self.tables.clone(),
            offset,
            bytes: padded(bytes),
        }
    }

    fn bind(&self, layout: &wgpu::BindGroupLayout, places: &[BufferRange]) -> wgpu::BindGroup {
        let entries: Vec<wgpu::BindGroupEntry<'_>> = (0..)
            .zip(places)
            .map(|(binding, place)| wgpu::BindGroupEntry {
                binding,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &place.buffer,
                    offset: place.offset,
                    size: core::num::NonZeroU64::new(place.bytes),
                }),
            })
            .collect();
        self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout,
            entries: &entries,
        })
    }
}

/// A matrix to bind, or `None` for a table.
type Aligned = Option<WgslMatrix>;

/// A part of a buffer.
struct BufferRange {
    buffer: wgpu::Buffer,
    offset: u64,
    bytes: u64,
}

fn whole(matrix: &WgslMatrix) -> BufferRange {
    BufferRange {
        buffer: matrix.buffer().clone(),
        offset: matrix.first_byte(),
        // A binding may not be empty; buffers never are.
        bytes: matrix.bytes().max(super::matrix::VALUE),
    }
}

fn table(input: KernelInput<'_>) -> &[u8] {
    match input {
        KernelInput::Matrix(_) => &[],
        KernelInput::Indices(indices) => bytemuck::cast_slice(indices),
        KernelInput::Values(values) => bytemuck::cast_slice(values),
    }
}

/// Bytes that a table takes up.
fn padded(bytes: &[u8]) -> u64 {
    (bytes.len() as u64).next_multiple_of(ALIGNMENT)
}

fn table_buffer(device: &wgpu::Device, size: u64) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("tables"),
        size,
        usage: wgpu::BufferUsages::STORAGE
            | wgpu::BufferUsages::UNIFORM
            | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

fn encode(device: &wgpu::Device, commands: &[GpuCommand]) -> wgpu::CommandBuffer {
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let mut rest = commands;
    while let Some(command) = rest.first() {
        if let GpuCommand::Copy { from, to, bytes } = command {
            encoder.copy_buffer_to_buffer(&from.0, from.1, &to.0, to.1, Some(*bytes));
            rest = &rest[1..];
            continue;
        }
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        while let Some(GpuCommand::Dispatch {
            pipeline,
            bindings,
            groups: [x, y, z],
        }) = rest.first()
        {
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, bindings, &[]);
            pass.dispatch_workgroups(*x, *y, *z);
            rest = &rest[1..];
        }
    }
    encoder.finish()
}
