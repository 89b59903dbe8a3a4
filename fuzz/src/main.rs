//! The target that `GENOLEWM_FUZZ_TARGET` names, driven by libFuzzer; `cargo xtask fuzz` builds and runs it.
#![no_main]

use genolewm_fuzz::Target;
use std::sync::LazyLock;

static TARGET: LazyLock<Option<Target>> = LazyLock::new(|| {
    let name = std::env::var("GENOLEWM_FUZZ_TARGET").unwrap_or_default();
    Target::named(&name)
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let target = TARGET.as_ref();
    assert!(target.is_some(), "GENOLEWM_FUZZ_TARGET names no target");
    // An error is an answer.
    let _ = target.map(|target| target.run(bytes));
});
