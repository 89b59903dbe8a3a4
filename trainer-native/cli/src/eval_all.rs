//! `genolewm eval-all`: the figures of many evaluations in one file and one report.

use super::common::terminal::Terminal;
use crate::common::command::Status;
use genolewm_core::Result;
use genolewm_evaluate::all::combine::Combined;
use genolewm_evaluate::all::input::Input;
use genolewm_evaluate::observed::ObservedMeasure;
use genolewm_report::output::write_atomically;
use genolewm_report::python::json::{json_document, json_line};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Put the figures of several evaluations together, in one file and one report
///
/// The files must be about one model, and none may repeat another's figure of the same split. The
/// report begins with what the figures say against the model.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Figures of eval, rollout, evaluate or an earlier eval-all, or the metadata of
    /// carbon-baseline; may be repeated
    #[arg(long, value_name = "JSON", required = true)]
    metrics_json: Vec<PathBuf>,
    /// Where all figures go
    #[arg(long, value_name = "JSON")]
    output_metrics: PathBuf,
    /// Where the report goes, as Markdown
    #[arg(long, short = 'o', alias = "output", value_name = "MD")]
    output_report: PathBuf,
    /// Where the report goes with pictures, as one HTML file that needs no other
    #[arg(long, value_name = "HTML")]
    html: Option<PathBuf>,
    /// Fail without AUROC and average precision beside Carbon's zero-shot score, with intervals
    #[arg(long)]
    require_v02_vep_metrics: bool,
    /// Fail without the figures of rollouts beside the source state
    #[arg(long)]
    require_v02_rollout_metrics: bool,
}

/// Writes the file and the reports, and a summary to standard output.
///
/// # Errors
/// `EVAL.GENERIC` when files do not belong together or a required figure is missing, `INPUT.GENERIC`
/// for a file of another kind, `RESOURCE.*` for files that cannot be read or written.
pub fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Status> {
    let inputs = args.metrics_json.iter().map(|path| Input::read(path));
    let inputs = inputs.collect::<Result<Vec<_>>>()?;
    let observed = ObservedMeasure::begin("eval-all", inputs.len());
    let root = args.output_metrics.parent();
    let root = root.filter(|root| !root.as_os_str().is_empty());
    let combined = Combined::of(&inputs, root.unwrap_or(Path::new(".")))?;
    if args.require_v02_vep_metrics {
        combined.require_variant_effect()?;
    }
    if args.require_v02_rollout_metrics {
        combined.require_rollout()?;
    }
    let metrics = json_document(&combined.figures)?;
    let report = combined.report();
    write_atomically(&args.output_report, report.to_markdown().as_bytes())?;
    if let Some(html) = &args.html {
        write_atomically(html, report.to_html().as_bytes())?;
    }
    write_atomically(&args.output_metrics, metrics.as_bytes())?;
    let mut summary = json!({
        "metrics_json": args.output_metrics.to_string_lossy(),
        "eval_report": args.output_report.to_string_lossy(),
        "inputs": inputs.len(),
        "metrics": combined.figures.metrics.len(),
        "negative_findings": combined.findings.len(),
    });
    if let Some(html) = &args.html {
        summary["html"] = json!(html.to_string_lossy());
    }
    terminal.line(json_line(&summary)?)?;
    observed.end(Some(&combined.figures));
    Ok(Status::Done)
}
