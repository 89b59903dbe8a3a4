//! How fast parts of the model are, beside what this processor does at most; and whether that share has
//! fallen.

// Figures are what this program is for.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use crate::parts;
use crate::record::{Record, processor};
use crate::task::Bound;
use crate::turns::{Figure, Turns};
use clap::Parser;
use genolewm_core::{Error, ErrorCode, Result};
use std::path::PathBuf;
use std::process::ExitCode;

/// Measurements of a part whose share has fallen, before that is believed.
const TRIES: usize = 4;

/// How fast parts of the model are in one thread, each in turns with what bounds it on this processor
#[derive(Debug, Parser)]
#[command(name = "speed")]
struct Args {
    /// Measure the parts whose names begin so; repeated for several [default: all]
    #[arg(value_name = "NAME")]
    only: Vec<String>,
    /// Turns of each part; the median counts
    #[arg(long, value_name = "N", default_value_t = 9)]
    rounds: usize,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
    /// Print the names of all parts, and measure nothing
    #[arg(long)]
    list: bool,
    /// Print a line of JSON for each figure, those of the bounds first
    #[arg(long)]
    json: bool,
    /// Fail where the share of a part is less than two thirds of that in FILE
    #[arg(long, value_name = "FILE", conflicts_with = "record")]
    check: Option<PathBuf>,
    /// Put the shares down in FILE, as those of this processor and profile
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    if args.list {
        parts::names().for_each(|name| println!("{name}"));
        return Ok(());
    }
    let processor = processor();
    let mut turns = Turns::new(args.rounds);
    print_bounds(&mut turns, args.json);
    let file = args.check.as_ref().or(args.record.as_ref());
    let mut record = match file.filter(|file| args.check.is_some() || file.exists()) {
        Some(file) => Record::read(file)?,
        None => Record::default(),
    };
    if args.check.is_some() && !record.knows(&processor) {
        println!(
            "no share is recorded of {processor}: a third of the smallest of others is asked for"
        );
    }
    let mut fallen = Vec::new();
    for name in parts::names().filter(|name| args.measures(name)) {
        let mut figure = turns.figure(parts::part(name)?);
        if args.check.is_some() {
            let least = record.least(&processor, name)?;
            for _ in 1..TRIES {
                if figure.share >= least {
                    break;
                }
                let again = turns.figure(parts::part(name)?);
                figure = if again.share > figure.share {
                    again
                } else {
                    figure
                };
            }
            if figure.share < least {
                fallen.push(format!(
                    "{name}: {:.1} %, not {:.1} %",
                    100.0 * figure.share,
                    100.0 * least
                ));
            }
        }
        print(name, &figure, args.json);
        record.put(&processor, name, figure.share);
    }
    if let Some(file) = &args.record {
        record.write(file)?;
    }
    if fallen.is_empty() {
        return Ok(());
    }
    let message = format!(
        "slower than it was, beside what bounds it: {}",
        fallen.join("; ")
    );
    Err(Error::new(ErrorCode::InternalGeneric, message)
        .with_remedy("find what slows it, or record the shares anew with the reason"))
}

impl Args {
    fn measures(&self, name: &str) -> bool {
        self.only.is_empty()
            || self
                .only
                .iter()
                .any(|begin| name.starts_with(begin.as_str()))
    }
}

fn print_bounds(turns: &mut Turns, json: bool) {
    for bound in Bound::ALL {
        let (name, rate) = (format!("bound/{}", bound.as_str()), turns.peak(bound));
        let figure = Figure {
            bound,
            rate,
            peak: rate,
            share: 1.0,
        };
        print(&name, &figure, json);
    }
}

fn print(name: &str, figure: &Figure, json: bool) {
    let Figure {
        bound,
        rate,
        peak,
        share,
    } = figure;
    if json {
        let line = serde_json::json!({
            "name": name, "precision": bound.as_str(), "unit": bound.unit(), "value": rate, "peak": peak, "share": share,
        });
        println!("{line}");
    } else {
        println!(
            "{name:22} {rate:9.2} {:8} {:6.1} % of {peak:.1}",
            bound.unit(),
            100.0 * share
        );
    }
}
