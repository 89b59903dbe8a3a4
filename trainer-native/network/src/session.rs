//! Files that are fetched one after another, with the user watching, who may stop it at any time.

use crate::halt::{Halt, failure};
use crate::staging::Staging;
use crate::transfer::{Wanted, bring};
use crate::web::Client;
use genolewm_cli::common::terminal::Terminal;
use genolewm_core::Error;
use genolewm_core::limits::MAX_FETCHED_BYTES;
use genolewm_train::run::progress_bar;
use indicatif::HumanBytes;
use std::io::{IsTerminal, stdin};

/// What fetches.
pub struct Session<'a, 'b> {
    /// Asks the servers.
    pub client: &'a Client,
    /// Where it is told.
    pub terminal: &'a mut Terminal<'b>,
}

impl Session<'_, '_> {
    /// Brings all files into the staging folder.
    ///
    /// # Errors
    /// At the first that cannot be had. What has come is kept, and that is said.
    pub fn bring(
        &mut self,
        files: &[Wanted],
        sum_bytes: Option<u64>,
        staging: &Staging,
    ) -> Result<(), Halt> {
        if sum_bytes.is_some_and(|sum| sum > MAX_FETCHED_BYTES) {
            return Err(
                crate::web::client::too_long("all files together", MAX_FETCHED_BYTES).into(),
            );
        }
        let template = match sum_bytes {
            Some(_) => {
                "{bar:28} {bytes} of {total_bytes}  {binary_bytes_per_sec}  {eta} left  {wide_msg}"
            }
            None => "{spinner} {bytes}  {binary_bytes_per_sec}  {elapsed}  {wide_msg}",
        };
        let bar = progress_bar(sum_bytes, template, !self.terminal.shows_progress());
        for file in files {
            bar.set_message(file.path.clone());
            let before = bar.position();
            let brought = match before > MAX_FETCHED_BYTES {
                true => Err(
                    crate::web::client::too_long("all files together", MAX_FETCHED_BYTES).into(),
                ),
                false => bring(self.client, file, staging, &bar),
            };
            if let Err(halt) = brought {
                bar.finish_and_clear();
                self.tell_kept(staging);
                return Err(halt);
            }
            if !self.terminal.shows_progress() {
                let length = HumanBytes(bar.position() - before);
                self.terminal.info(format_args!("{}: {length}", file.path));
            }
        }
        bar.finish_and_clear();
        Ok(())
    }

    fn tell_kept(&mut self, staging: &Staging) {
        let kept = staging.kept_bytes();
        if kept > 0 {
            self.terminal.warn(format_args!(
                "{} are kept in {}: the same command goes on from there",
                HumanBytes(kept),
                staging.name()
            ));
        }
    }
}

/// Asks the user, who is there, whether to go on.
///
/// # Errors
/// [`Halt::Declined`] where the answer is no; `INPUT.GENERIC` when nobody can be asked.
pub fn ask(question: &str, yes: bool, terminal: &mut Terminal<'_>) -> Result<(), Halt> {
    if yes {
        return Ok(());
    }
    if !stdin().is_terminal() {
        let error = Error::input("nobody is here to be asked, and nothing was fetched");
        return Err(error
            .with_remedy("run it on a terminal, or agree beforehand with --yes")
            .into());
    }
    terminal.flush()?;
    terminal.tell(format_args!("{question} [y/N]"));
    let mut answer = String::new();
    stdin()
        .read_line(&mut answer)
        .map_err(|error| failure("the answer could not be read").with_detail("cause", error))?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Halt::Declined),
    }
}
