//! `genolewm doctor`: what this machine offers.

use super::common::backend::on_backend;
use super::common::model::{self, ModelArgs};
use super::common::terminal::Terminal;
use super::scoring::top::TextTable;
use crate::builtin;
use crate::common::command::Status;
use genolewm::opened::OpenModel;
use genolewm::ops::NativeOps;
use genolewm::self_check;
use genolewm_core::Result;
use genolewm_core::provenance::EncoderSeal;
use genolewm_core::state_contract::StateContract;
use genolewm_observe::process::proc_bytes;
use genolewm_observe::report_blocked;
use genolewm_report::network_guard::{NetworkGuard, try_network};
use genolewm_train::backends::{BackendProbe, probe_backends};
use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Instant;

/// Show backends, threads, memory, and whether the model works here
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelArgs,
}

/// Prints what there is, and checks the model: every hash, then its answers to the self-check.
///
/// # Errors
/// As the model's, when it cannot be used.
pub fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Status> {
    let mut table = TextTable::default();
    let mut add = |what: &str, value: String| table.push(vec![what.to_owned(), value]);
    add("program", format!("genolewm {}", env!("CARGO_PKG_VERSION")));
    add(
        "system",
        format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    );
    let threads = available_parallelism().map_or(1, NonZeroUsize::get);
    add("threads", threads.to_string());
    add("simd", simd().to_owned());
    let memory = memory();
    add(
        "memory",
        memory.unwrap_or_else(|| "not known on this system".to_owned()),
    );
    for BackendProbe {
        backend,
        available,
        reason,
    } in probe_backends()
    {
        let known = if available {
            "available"
        } else {
            "not available"
        };
        add(&format!("backend {backend}"), format!("{known}: {reason}"));
    }
    add("connections", connections());
    add("built-in model", format!("{} bytes", builtin::size_bytes()));
    terminal.line(table.render())?;
    let named = args.model.model_dir.as_ref();
    let name = named.map_or(builtin::NAME.to_owned(), |path| path.display().to_string());
    let tried = on_backend!(&args.model.backend, ops => try_model(ops, &args.model)?);
    terminal.line(format_args!(
        "{name}: hashes ok, {}, a score takes {:.1} ms",
        match tried.answers {
            true => "self-check ok",
            false => "no self-check (the model brings no answers), a test score is finite",
        },
        tried.milliseconds
    ))?;
    terminal.line(format_args!("model: {}", tried.model_id))?;
    terminal.line(format_args!("state contract: {}", tried.contract))?;
    if let Some(warning) = tried.contract.warning() {
        terminal.warn(warning);
    }
    terminal.line(format_args!(
        "encoder: {}, its other files {}",
        tried.encoder, tried.encoder_seal
    ))?;
    let (files, sealed) = (tried.files, tried.sealed);
    terminal.line(format_args!(
        "model files: {files} ({})",
        match sealed {
            true => "sealed",
            false => "not sealed: `genolewm-train seal` lists them with their hashes",
        }
    ))?;
    Ok(Status::Done)
}

/// Whether this process could open a connection, which is tried, and what keeps it from that.
fn connections() -> String {
    let guard = NetworkGuard::raise();
    match try_network() {
        Err(error) => {
            // It was tried on purpose: no error.
            report_blocked(&error);
            format!("refused by {guard} [{}]", error.code())
        }
        Ok(()) => format!("not refused by the system ({guard}); the program has no client for any"),
    }
}

/// What came of trying the model.
struct Tried {
    model_id: String,
    contract: StateContract,
    encoder: String,
    encoder_seal: EncoderSeal,
    files: String,
    sealed: bool,
    answers: bool,
    milliseconds: f64,
}

/// Loads the model, which asks it the self-check's questions, and scores the first of them again for
/// the time that it takes.
///
/// # Errors
/// As [`Scorer::score`](genolewm::scorer::Scorer::score), among them that a score is not finite.
fn try_model(ops: impl NativeOps, args: &ModelArgs) -> Result<Tried> {
    let runtime = model::runtime(ops, args)?;
    let (model, encoder) = model::files(args)?;
    let info = runtime.info();
    let candidates = self_check::candidates(info.config.window_bp)?;
    let started = Instant::now();
    let first = candidates.get(..1).unwrap_or_default();
    pollster::block_on(runtime.scorer().score(first))?;
    Ok(Tried {
        model_id: info.model_id.clone(),
        contract: info.config.encoder.contract,
        encoder: info.manifest.encoder.hash.clone(),
        encoder_seal: OpenModel::open(model.as_ref(), encoder.as_ref())?.encoder_seal()?,
        files: info.files_id()?,
        sealed: info.files.sealed,
        answers: info.self_check.is_some(),
        milliseconds: 1e3 * started.elapsed().as_secs_f64(),
    })
}

/// The widest vector instructions of the processor.
fn simd() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            return "AVX-512";
        }
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
        {
            return "AVX2 and FMA";
        }
        "SSE2"
    }
    #[cfg(target_arch = "aarch64")]
    {
        "NEON"
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        "none that is known"
    }
}

/// Total and available memory, where the system tells.
fn memory() -> Option<String> {
    let gibibytes = |key| Some(proc_bytes("/proc/meminfo", key)? as f64 / f64::from(1 << 30));
    Some(format!(
        "{:.1} GiB, {:.1} GiB available",
        gibibytes("MemTotal:")?,
        gibibytes("MemAvailable:")?
    ))
}
