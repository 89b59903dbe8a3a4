//! What of a text may say who somebody is: bases, and the folders of people.

use std::borrow::Cow;
use std::ops::Range;
use std::path::PathBuf;

/// Bases that stand together in a text before it counts as DNA, as in the Python package.
const LEAST_BASES: usize = 20;
/// What stands in place of bases.
const DNA: &str = "[DNA]";
/// What stands in place of a path in somebody's folder.
const HOME: &str = "[home]";
/// Where systems keep people's folders.
const FOLDERS: [&str; 5] = ["/home/", "/Users/", "/var/home/", "\\Users\\", "/Users\\"];

/// Whether a text holds DNA.
pub(crate) fn has_dna(text: &str) -> bool {
    dna(text).is_some()
}

/// The text without DNA in it.
pub(super) fn without_dna(text: &str) -> Cow<'_, str> {
    let mut masked = Cow::Borrowed(text);
    while let Some(found) = dna(&masked) {
        masked.to_mut().replace_range(found, DNA);
    }
    masked
}

/// The first run of bases: of any code of the IUPAC side by side, or of plain bases that blanks, digits,
/// dashes and the like part, as a sequence is that was cut into lines.
fn dna(text: &str) -> Option<Range<usize>> {
    let is_code = |c: char| "ACGTURYSWKMBDHVN".contains(c.to_ascii_uppercase());
    let is_base = |c: char| "ACGTUN".contains(c.to_ascii_uppercase());
    let parts = |c: char| c.is_whitespace() || c.is_ascii_digit() || "-.,;*/|\\>\"'[]".contains(c);
    run(text, is_code, |_| false).or_else(|| run(text, is_base, parts))
}

/// The first run of enough of some characters, and of what may part them.
fn run(
    text: &str,
    counts: impl Fn(char) -> bool,
    parts: impl Fn(char) -> bool,
) -> Option<Range<usize>> {
    let (mut count, mut range) = (0, 0..0);
    for (at, c) in text.char_indices() {
        if counts(c) {
            if count == 0 {
                range.start = at;
            }
            count += 1;
            range.end = at + c.len_utf8();
        } else if !parts(c) {
            if count >= LEAST_BASES {
                return Some(range);
            }
            count = 0;
        }
    }
    (count >= LEAST_BASES).then_some(range)
}

/// The folders of people: this one's, and where those of others are.
#[derive(Debug, Clone, Default)]
pub(super) struct Homes(Vec<String>);

impl Homes {
    /// By the environment, and as the system knows it where that is a link.
    pub(super) fn of_environment() -> Self {
        let variables = ["HOME", "USERPROFILE"].into_iter();
        let named: Vec<PathBuf> = variables
            .filter_map(std::env::var_os)
            .map(PathBuf::from)
            .collect();
        let real = named.iter().filter_map(|home| home.canonicalize().ok());
        Self::of(named.iter().cloned().chain(real))
    }

    pub(super) fn of(homes: impl IntoIterator<Item = PathBuf>) -> Self {
        let homes = homes.into_iter().filter_map(|home| {
            let home = home.to_str()?.trim_end_matches(['/', '\\']).to_owned();
            home.contains(['/', '\\']).then_some(home)
        });
        Self(homes.collect())
    }

    /// The text with all paths in such folders masked, to the end of their line or quotation: a path may
    /// hold blanks.
    pub(super) fn without<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut masked = Cow::Borrowed(text);
        while let Some(start) = self.find(&masked) {
            let rest = masked.get(start..).unwrap_or_default();
            let ends = ["\n", "\"", "\\n", ": "]
                .into_iter()
                .filter_map(|end| rest.find(end));
            let length = ends.min().unwrap_or(rest.len());
            masked.to_mut().replace_range(start..start + length, HOME);
        }
        masked
    }

    /// Where the first path in such a folder begins.
    fn find(&self, text: &str) -> Option<usize> {
        let is_whole = |home: &str, at: usize| {
            let next = text
                .get(at + home.len()..)
                .and_then(|rest| rest.chars().next());
            next.is_none_or(|c| !c.is_alphanumeric() && !"-_".contains(c))
        };
        let own = self.0.iter().flat_map(|home| {
            let places = text.match_indices(home.as_str()).map(|(at, _)| at);
            places.filter(move |at| is_whole(home, *at))
        });
        let others = FOLDERS.iter().filter_map(|folder| text.find(folder));
        own.chain(others).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASES: &str = "ACGTTGCATTGACCAGTACA";

    #[test]
    fn twenty_bases_are_dna_however_they_are_written() {
        assert_eq!(BASES.len(), LEAST_BASES);
        let lines = format!("{}\n{}", &BASES[..10], &BASES[10..]);
        for text in [
            BASES.to_owned(),
            BASES.to_lowercase(),
            BASES.replace('T', "U"),
            BASES.replace('A', "R"),
            format!("é{BASES}, and what follows"),
            lines.clone(),
            lines.replace('\n', "\\n"),
            BASES.chars().map(|c| format!("{c} ")).collect(),
            format!("1 {} 11 {}", &BASES[..10], &BASES[10..]),
        ] {
            assert!(has_dna(&text), "{text}");
            let masked = without_dna(&text);
            assert!(masked.contains(DNA) && !has_dna(&masked), "{masked}");
        }
        assert_eq!(without_dna(&format!("<{BASES}>{BASES}!")), "<[DNA]>[DNA]!");
    }

    #[test]
    fn words_and_shorter_alleles_are_none() {
        for text in [
            &BASES[1..],
            "a setting cannot be used",
            "check that there is room, and that what is named is there and may be used",
            "sha256:3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed",
            "",
        ] {
            assert!(!has_dna(text), "{text}");
            assert_eq!(without_dna(text), text);
        }
    }

    #[test]
    fn paths_in_the_folders_of_people_are_masked() {
        let homes = Homes::of([PathBuf::from("/srv/anna/"), PathBuf::from("/")]);
        for (text, masked) in [
            ("/srv/anna/my genome.vcf", "[home]"),
            (
                "cannot open /srv/anna/x y.vcf: no such file",
                "cannot open [home]: no such file",
            ),
            (
                "\"/srv/anna\" and \"/home/bob/x\"",
                "\"[home]\" and \"[home]\"",
            ),
            ("C:\\Users\\Bob\\x.vcf", "C:[home]"),
            ("/srv/annabel/x", "/srv/annabel/x"),
            ("/tmp/x.vcf: no such file", "/tmp/x.vcf: no such file"),
        ] {
            assert_eq!(homes.without(text), masked);
        }
    }
}
