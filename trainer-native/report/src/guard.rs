//! A guard against panics.
//!
//! The Parquet crate asserts what a damaged page breaks, and the libraries of GPUs panic where there
//! is none. Both must end in an error about the file or the machine, so these panics are caught here,
//! and only these stay unprinted. Any other is a bug of the program; it is told by its place alone, for
//! its words may quote what was at hand, such as somebody's bases.

use genolewm_core::ErrorCode;
use std::cell::Cell;
use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs something; `None` when it panicked. What it was given must not be used again.
pub fn guarded<T>(run: impl FnOnce() -> T) -> Option<T> {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| {
        let others = take_hook();
        set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                others(panic);
            }
        }));
    });
    let outer = GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(run));
    GUARDED.set(outer);
    done.ok()
}

/// Runs the whole of a program; `None` after a panic, of which only the place was told.
pub fn guarded_program<T>(run: impl FnOnce() -> T) -> Option<T> {
    set_hook(Box::new(|panic| {
        // When even that fails there is nobody left to tell.
        let _ = writeln!(std::io::stderr(), "{}", report(panic));
    }));
    catch_unwind(AssertUnwindSafe(run)).ok()
}

fn report(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location();
    let place = place.map_or_else(String::new, |place| {
        format!(" at {}:{}", place.file(), place.line())
    });
    format!(
        "error: the program has a bug{place} [{}]\n  remedy: report this line and what was run, \
         without the data",
        ErrorCode::InternalGeneric
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_nothing_and_others_are_still_told() {
        assert_eq!(guarded(|| 1), Some(1));
        assert_eq!(guarded(|| -> u8 { panic!("damaged") }), None);
        assert!(!GUARDED.get());
    }

    /// A slice outside of a text quotes the text.
    #[test]
    fn a_panic_printed_the_bases_at_hand() {
        use std::sync::Mutex;
        static TOLD: Mutex<String> = Mutex::new(String::new());
        let before = take_hook();
        set_hook(Box::new(|panic| {
            *TOLD.lock().unwrap() = format!("{panic}\n---\n{}", report(panic));
        }));
        let bases = String::from("GATTACAé");
        let panicked = catch_unwind(|| bases[..8].len());
        set_hook(before);
        assert!(panicked.is_err());
        let told = TOLD.lock().unwrap().clone();
        let (standard, ours) = told.split_once("\n---\n").unwrap();
        assert!(standard.contains("GATTACA"), "{standard}");
        assert!(
            !ours.contains("GATTACA") && ours.contains("guard.rs:"),
            "{ours}"
        );
    }
}
