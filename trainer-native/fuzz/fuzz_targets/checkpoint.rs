//! Checkpoints of training, and the Python package's configurations; the first byte chooses.
#![no_main]

use genolewm_train::python::config::PythonConfig;
use genolewm_train::run_dir::Checkpoint;
use genolewm_fuzz::with_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&kind, data)) = data.split_first() else {
        return;
    };
    match kind % 2 {
        0 => with_file("a.safetensors", data, |path| {
            Checkpoint::load(path).map(drop)
        }),
        _ => with_file("a.yaml", data, |path| {
            PythonConfig::read(path, None).map(drop)
        }),
    }
});
