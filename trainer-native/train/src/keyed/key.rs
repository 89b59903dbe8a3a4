//! The name that a flag has as a key, and which name was meant.

use clap::{Arg, Command};

/// How alike two names must be, from 0 to 1, for one to be offered instead of the other.
const LIKENESS: f64 = 0.7;

/// The flags of a command by their keys. Positional arguments have none.
pub fn keys_of(command: &Command) -> impl Iterator<Item = (String, &Arg)> {
    let key = |arg: &Arg| arg.get_long().map(|long| long.replace('-', "_"));
    let flags = command.get_arguments();
    let keyed = flags.filter_map(move |arg| Some((key(arg)?, arg)));
    keyed.filter(|(key, _)| !matches!(key.as_str(), "help" | "version"))
}

/// The flag of a key, which may have sections before it.
#[must_use]
pub fn flag_of(key: &str) -> String {
    let name = key.rsplit_once('.').map_or(key, |(_, name)| name);
    format!("--{}", name.replace('_', "-"))
}

/// The name most like one that is not known, if any is.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |known: &&str| strsim::jaro_winkler(name, known);
    let alike = known.into_iter().filter(|known| likeness(known) > LIKENESS);
    alike.max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_the_one_that_was_meant() {
        let keys = ["dtype", "state_layer", "pool_type", "pool_radius"];
        assert_eq!(nearest("dtypo", keys), Some("dtype"));
        assert_eq!(nearest("pool_radios", keys), Some("pool_radius"));
        assert_eq!(nearest("statelayer", keys), Some("state_layer"));
        assert_eq!(nearest("colour", keys), None);
    }
}
