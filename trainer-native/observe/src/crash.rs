//! What is told of a panic: its place, never its words, which may quote what was at hand, such as
//! somebody's bases. One is a bug of the program.

use crate::emit;
use crate::events::ERROR;
use crate::metrics::{ERRORS_RAISED, Metrics};
use genolewm_core::ErrorCode;
use serde_json::json;
use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};

const CODE: ErrorCode = ErrorCode::InternalGeneric;

/// Runs the whole of a program; `None` after a panic, of which only the place was told and logged.
pub fn guarded_program<T>(run: impl FnOnce() -> T) -> Option<T> {
    set_hook(Box::new(|panic| {
        let place = place(panic);
        // When even that fails there is nobody left to tell.
        let _ = writeln!(std::io::stderr(), "{}", report(&place));
        log(&place);
    }));
    catch_unwind(AssertUnwindSafe(run)).ok()
}

/// File and line in the program.
fn place(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location();
    place.map_or_else(String::new, |place| {
        format!("{}:{}", place.file(), place.line())
    })
}

fn report(place: &str) -> String {
    format!(
        "error: the program has a bug at {place} [{CODE}]\n  remedy: report this line and what was run, \
         without the data"
    )
}

fn log(place: &str) {
    Metrics::of_process().count(ERRORS_RAISED, 1);
    emit!(
        ERROR,
        error_code = CODE.as_str(),
        message = CODE.summary(),
        remediation = CODE.remedy(),
        details = %json!({"source": place})
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::take_hook;
    use std::sync::Mutex;

    /// A slice outside of a text quotes the text.
    #[test]
    fn a_panic_printed_the_bases_at_hand() {
        static TOLD: Mutex<String> = Mutex::new(String::new());
        let before = take_hook();
        set_hook(Box::new(|panic| {
            *TOLD.lock().unwrap() = format!("{panic}\n---\n{}", report(&place(panic)));
        }));
        let bases = String::from("GATTACAé");
        let panicked = catch_unwind(|| bases[..8].len());
        set_hook(before);
        assert!(panicked.is_err());
        let told = TOLD.lock().unwrap().clone();
        let (standard, ours) = told.split_once("\n---\n").unwrap();
        assert!(standard.contains("GATTACA"), "{standard}");
        assert!(
            !ours.contains("GATTACA") && ours.contains("crash.rs:"),
            "{ours}"
        );
    }
}
