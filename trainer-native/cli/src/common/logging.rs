//! What a command logs, and where: flags of every command.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_observe::{LogFormat, LogSettings, OpenRun, RunId, Severity, Sink};
use std::io::{IsTerminal, stderr};
use std::path::PathBuf;

/// The flags of logs.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// Log the run to DIR/RUN-ID.jsonl, and its metrics to DIR/metrics.prom
    #[arg(long, value_name = "DIR", global = true)]
    pub log_dir: Option<PathBuf>,
    /// Name of the run, in its log and of it [default: run- and random digits]
    #[arg(long, value_name = "ID", global = true)]
    pub run_id: Option<RunId>,
    /// Log on standard error, too: for people (pretty), as JSON lines, or as fits where it goes (auto)
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        ignore_case = true,
        global = true
    )]
    pub log_format: Option<StreamFormat>,
    /// Whether logs hold no free text and no path at all
    ///
    /// Without, messages of errors and paths are logged, but for bases and folders of people.
    #[arg(long, value_name = "BOOL", default_value = "true", global = true)]
    #[arg(action = clap::ArgAction::Set, value_parser = yes_or_no())]
    pub redaction_strict: bool,
    /// Refused: nothing is sent to Weights & Biases, whose importer reads TensorBoard files
    #[arg(long, value_name = "NAME", global = true, hide = true)]
    pub wandb_project: Option<String>,
}

/// How events are shown on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StreamFormat {
    /// For people on a terminal, JSON lines elsewhere.
    Auto,
    /// For people.
    Pretty,
    /// JSON lines.
    #[value(alias = "json")]
    Jsonl,
}

impl LogArgs {
    /// Keeps the log that is asked for, if one is.
    ///
    /// # Errors
    /// `RESOURCE.*` for a file that cannot be written; `CONFIG.GENERIC` for what no log can be sent to.
    pub fn open(&self, level: Severity, component: &str) -> Result<Option<OpenRun>> {
        if let Some(project) = &self.wandb_project {
            let message =
                "nothing is sent to Weights & Biases: no command that reads data has a network";
            return Err(Error::new(ErrorCode::ConfigGeneric, message)
                .with_detail("wandb_project", project)
                .with_remedy(
                    "leave --wandb-project out; a training writes TensorBoard files, and `wandb sync` \
                     imports the folder tb of its --output",
                ));
        }
        let run_id = self
            .run_id
            .clone()
            .unwrap_or_else(RunId::random)
            .to_string();
        let mut sinks = Vec::new();
        if let Some(folder) = &self.log_dir {
            sinks.push(Sink::file(&folder.join(file_name(&run_id)))?);
        }
        if let Some(format) = self.log_format {
            sinks.push(Sink::stream("standard error", format.here(), stderr()));
        }
        if sinks.is_empty() {
            return Ok(None);
        }
        let settings = LogSettings {
            run_id,
            component: component.to_owned(),
            level,
            strict: self.redaction_strict,
            sinks,
        };
        Ok(Some(OpenRun::begin(settings, self.log_dir.clone())))
    }
}

impl StreamFormat {
    fn here(self) -> LogFormat {
        match self {
            Self::Auto if stderr().is_terminal() => LogFormat::Pretty,
            Self::Pretty => LogFormat::Pretty,
            Self::Auto | Self::Jsonl => LogFormat::Jsonl,
        }
    }
}

/// As the Python package's variable has it: 1 and 0 as well.
fn yes_or_no() -> impl TypedValueParser<Value = bool> {
    const YES: [&str; 4] = ["true", "1", "yes", "on"];
    let values = [
        PossibleValue::new("true").aliases(["1", "yes", "on"]),
        PossibleValue::new("false").aliases(["0", "no", "off"]),
    ];
    PossibleValuesParser::new(values).map(|text| YES.contains(&text.as_str()))
}

/// The name of a run's log in its folder.
#[must_use]
pub fn file_name(run_id: &str) -> String {
    format!("{run_id}.jsonl")
}
