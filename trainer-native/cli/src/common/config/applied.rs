//! What a configuration sets for the command that runs.

use super::definitions::{Definitions, at, joined, own_keys, shared_keys};
use super::package::apply;
use super::sources::{Setting, load};
use clap::{Arg, Command};
use genolewm_core::{Error, Result};
use genolewm_train::keyed::flags_of;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// A configuration, every key and value of which is known and allowed.
#[derive(Debug)]
pub struct Configuration<'a> {
    /// The command that runs.
    pub(super) path: Vec<String>,
    pub(super) definitions: &'a Definitions<'a>,
    /// All that is set, for this command or another.
    pub(super) settings: BTreeMap<String, Setting>,
    /// Keys of the command that runs, and shared ones, that are set but not typed.
    pub(super) applied: BTreeMap<String, Applied<'a>>,
    /// What the command cannot do of what the configuration asks for.
    pub(super) refusal: Option<Error>,
    /// What it does in another way.
    pub(super) notes: Vec<String>,
}

/// A flag that is set by a configuration.
#[derive(Debug, Clone)]
pub(super) struct Applied<'a> {
    pub(super) arg: &'a Arg,
    pub(super) setting: Setting,
}

impl<'a> Configuration<'a> {
    /// What `--config`, the environment and `--set` say to the command at `path`, which has the arguments
    /// `args`.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` for a file that cannot be read; `CONFIG.*` for a key that is not known, with
    /// the nearest one, and for a value that its key cannot have, whichever command's it is.
    pub fn load(
        args: &[OsString],
        environment: impl Iterator<Item = (OsString, OsString)>,
        path: &[String],
        program: &'a Command,
        definitions: &'a Definitions<'a>,
    ) -> Result<Self> {
        let mut settings = load(args, environment, path, definitions)?;
        let (notes, refusal) = match apply(&mut settings, path, program, definitions) {
            Ok(notes) => (notes, None),
            Err(refusal) => (Vec::new(), Some(refusal)),
        };
        let mut config = Self {
            path: path.to_vec(),
            definitions,
            settings,
            applied: BTreeMap::new(),
            refusal,
            notes,
        };
        let command = at(path, program);
        let section = path.join(".");
        let own = own_keys(command).map(|(key, arg)| (joined(&section, &key), arg));
        let own = own.filter(|_| !path.is_empty());
        for (key, arg) in shared_keys(program).chain(own) {
            if let Some(setting) = config.settings.get(&key).cloned() {
                config.applied.insert(key, Applied { arg, setting });
            }
        }
        config
            .applied
            .retain(|_, applied| !is_given(args, applied.arg) && !applied.setting.value.is_null());
        Ok(config)
    }

    /// The flags that it stands for.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` for a value that its key cannot have.
    pub fn flags(&self) -> Result<Vec<OsString>> {
        let applied = self.applied.iter();
        let flags = applied.map(|(key, it)| flags_of(key, it.arg, &it.setting.value));
        Ok(flags.collect::<Result<Vec<_>>>()?.concat())
    }
}

/// Whether a flag is among the arguments themselves.
pub(super) fn is_given(args: &[OsString], arg: &Arg) -> bool {
    let long = arg.get_long().map(|long| format!("--{long}"));
    let short = arg.get_short().map(|short| format!("-{short}"));
    let names = |text: &str| {
        let long = long.as_deref().and_then(|long| text.strip_prefix(long));
        long.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
            || short
                .as_deref()
                .is_some_and(|short| text.starts_with(short))
    };
    let typed = args.iter().skip(1).map_while(|arg| arg.to_str());
    typed.take_while(|text| *text != "--").any(names)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{package, program};
    use super::*;

    fn flags_for(args: &[&str]) -> Vec<OsString> {
        let (program, package) = (program(), package());
        let definitions = Definitions::of(&program, &package);
        let args: Vec<OsString> = ["genolewm"]
            .iter()
            .chain(args)
            .map(OsString::from)
            .collect();
        let path = ["score".to_owned()];
        let none = std::iter::empty();
        let config = Configuration::load(&args, none, &path, &program, &definitions).unwrap();
        config.flags().unwrap()
    }

    #[test]
    fn settings_become_flags() {
        let set = [
            "-s",
            "score.batch_size=32",
            "-s",
            "score.strict=true",
            "-s",
            "seed=7",
        ];
        assert_eq!(flags_for(&set), ["--batch-size=32", "--strict", "--seed=7"]);
        assert!(flags_for(&["-s", "score.strict=false", "-s", "predictor.n_heads=8"]).is_empty());
        let typed = ["--batch-size=1", "-s", "score.batch_size=32"];
        assert!(flags_for(&typed).is_empty());
    }

    #[test]
    fn keys_of_the_package_that_are_flags_here_are_those() {
        let level = ["-s", "observability.log_level=warn"];
        assert_eq!(flags_for(&level), ["--log-level=warn"]);
        let both = [&level[..], &["-s", "log_level=debug"]].concat();
        assert_eq!(flags_for(&both), ["--log-level=debug"]);
    }
}
