//! Signals that ask the program to stop: Ctrl-C, termination, and a terminal that was closed.
//!
//! A command that can end in order [asks for the flag](StopFlag::on_signals) and looks at it; one that
//! does not, or does not yet, because it is still reading, is ended at once, and so is one that is asked
//! twice. Nothing half-written stays either way.

use crate::output::remove_hidden;
use genolewm_core::{Error, ErrorCode, Result};
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

/// What shells add to a signal's number.
const BY_SIGNAL: u8 = 128;
/// The number of Ctrl-C.
const INTERRUPT: u8 = 2;

/// The first signal that came.
static CAME: AtomicU8 = AtomicU8::new(0);
/// Whether somebody looks at the flag.
static LOOKED_AT: AtomicBool = AtomicBool::new(false);
/// The last words of a run of which all that has come out is kept, so that nothing is lost by an end
/// without order.
static LAST_WORDS: Mutex<Option<String>> = Mutex::new(None);
/// How long a run in a hurry may take for its end.
const HURRY: Duration = Duration::from_millis(600);
static FLAG: LazyLock<StopFlag> = LazyLock::new(StopFlag::default);

/// Set when the user asks to stop: the run saves what it has and ends.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// The flag that signals set from now on; the same at every call, since a process has one.
    ///
    /// # Errors
    /// `RESOURCE.RUNTIME_SETUP` when the signals cannot be watched.
    pub fn on_signals() -> Result<Self> {
        watch()?;
        Ok(FLAG.clone())
    }

    /// Whether to stop.
    #[must_use]
    pub fn is_set(&self) -> bool {
        LOOKED_AT.store(true, Ordering::SeqCst);
        self.0.load(Ordering::SeqCst)
    }

    /// Until this is dropped, a signal ends the program soon even where the work at hand takes longer.
    /// For a run that loses nothing by it, which `last_words` say.
    #[must_use]
    pub fn hurry(&self, last_words: &str) -> Hurry {
        say_at_last(Some(last_words.to_owned()));
        Hurry(())
    }
}

/// A part of a run that may be ended without order.
#[derive(Debug)]
pub struct Hurry(());

impl Drop for Hurry {
    fn drop(&mut self) {
        say_at_last(None);
    }
}

fn say_at_last(words: Option<String>) {
    *LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner) = words;
}

/// The exit status after the signal that came: 130 after Ctrl-C, 143 after a termination, as shells
/// have it.
#[must_use]
pub fn exit_status() -> u8 {
    match CAME.load(Ordering::SeqCst) {
        0 => BY_SIGNAL + INTERRUPT,
        signal => BY_SIGNAL + signal,
    }
}

/// Watches the signals. A program does so before it starts a thread: those that are there already
/// would be ended by them.
///
/// # Errors
/// `RESOURCE.RUNTIME_SETUP` when they cannot be watched.
pub fn watch() -> Result<()> {
    static WATCHED: Mutex<bool> = Mutex::new(false);
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*watched {
        start().map_err(|error| Error::new(ErrorCode::ResourceRuntimeSetup, error.to_string()))?;
        *watched = true;
    }
    Ok(())
}

/// One signal has come.
fn came(signal: u8) {
    let first = CAME.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
    if first.is_ok() && LOOKED_AT.load(Ordering::SeqCst) {
        FLAG.0.store(true, Ordering::SeqCst);
        std::thread::spawn(move || {
            std::thread::sleep(HURRY);
            let words = LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(words) = &*words {
                // When even that fails there is nobody left to tell.
                let _ = writeln!(std::io::stderr(), "{words}");
                end(signal);
            }
        });
        return;
    }
    end(signal);
}

fn end(signal: u8) {
    remove_hidden();
    std::process::exit(BY_SIGNAL.saturating_add(signal).into());
}

/// Takes the signals from all threads that come after this one, and gives them to one of its own.
#[cfg(unix)]
fn start() -> std::io::Result<()> {
    use nix::sys::signal::{SigSet, Signal};
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.add(Signal::SIGTERM);
    if !ignores_hangups() {
        signals.add(Signal::SIGHUP);
    }
    // A file that grows beyond `ulimit -f` is an error of the write, and no end of the program.
    let mut blocked = signals;
    blocked.add(Signal::SIGXFSZ);
    blocked.thread_block()?;
    let watch = move || {
        while let Ok(signal) = signals.wait() {
            came(u8::try_from(signal as i32).unwrap_or(INTERRUPT));
        }
    };
    let named = std::thread::Builder::new().name("signals".to_owned());
    named.spawn(watch).map(drop)
}

/// Whether a hangup is to be ignored, as `nohup` wants it.
#[cfg(unix)]
fn ignores_hangups() -> bool {
    const HANGUP: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & HANGUP != 0)
}

#[cfg(not(unix))]
fn start() -> std::result::Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| came(INTERRUPT))
}
