//! Contig names and what they say about the genome build.
//!
//! `chr17`, `17` and `NC_000017.11` are one chromosome; `chrM`, `M` and `MT` are one, too. A name
//! mismatch between the variants and the reference would skip every variant, so names are compared
//! in a common form while each file keeps its own spelling. Contig lengths and a few words in file
//! headers tell which build a file was made on.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::{Serialize, Serializer};

/// Resolves any spelling of a contig's name to the spelling of one file, usually the reference.
///
/// ```
/// use genolewm_core::contig::ContigAliases;
/// let aliases = ContigAliases::new(["chr1", "chrM", "GL000220.1"]);
/// assert_eq!(aliases.resolve("1"), Some("chr1"));
/// assert_eq!(aliases.resolve("MT"), Some("chrM"));
/// assert_eq!(aliases.resolve("NC_000001.11"), Some("chr1"));
/// assert_eq!(aliases.resolve("2"), None);
/// ```
#[derive(Debug, Clone, Default)]
pub struct ContigAliases {
    names: Vec<String>,
    exact: BTreeMap<String, usize>,
    /// By common form; `None` where two names of the file share one.
    common: BTreeMap<String, Option<usize>>,
}

impl ContigAliases {
    /// Aliases of the given names. A common form that two of them share resolves to neither; their
    /// exact spellings still resolve.
    pub fn new<I>(names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let mut aliases = Self::default();
        for name in names {
            let name = name.into();
            let index = aliases.names.len();
            aliases
                .common
                .entry(common_form(&name))
                .and_modify(|found| *found = None)
                .or_insert(Some(index));
            aliases.exact.entry(name.clone()).or_insert(index);
            aliases.names.push(name);
        }
        aliases
    }

    /// The file's own spelling of `name`, if the file has that contig.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Option<&str> {
        self.index_of(name)
            .and_then(|index| self.names.get(index))
            .map(String::as_str)
    }

    /// The position, in the order given to [`new`](Self::new), of the contig that `name` means.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.exact
            .get(name)
            .copied()
            .or_else(|| *self.common.get(&common_form(name))?)
    }

    /// The names in the order in which they were given.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

/// A name without its `chr` prefix (any case), `MT` for every name of the mitochondrion, and the
/// chromosome for a RefSeq accession. Case is kept otherwise.
///
/// ```
/// use genolewm_core::contig::common_form;
/// assert_eq!(common_form("Chr17"), "17");
/// assert_eq!(common_form("chrM"), "MT");
/// assert_eq!(common_form("NC_000023.10"), "X");
/// ```
#[must_use]
pub fn common_form(name: &str) -> String {
    let bare = strip_chr(name);
    let upper = bare.to_ascii_uppercase();
    match upper.as_str() {
        "M" | "MT" => return "MT".to_string(),
        "X" | "Y" => return upper,
        _ => {}
    }
    match refseq_number(&upper) {
        Some(12_920 | 1_807) => "MT".to_string(),
        Some(23) => "X".to_string(),
        Some(24) => "Y".to_string(),
        Some(number @ 1..=22) => number.to_string(),
        _ => bare.to_string(),
    }
}

/// Length in bp of the revised Cambridge Reference Sequence, `NC_012920.1`: what companies, Ensembl and
/// hg38 mean by the mitochondrion.
pub const RCRS_BP: u64 = 16_569;

/// Length in bp of `NC_001807.4`, another person's mitochondrion: UCSC's `chrM` of hg18 and hg19.
pub const NC_001807_BP: u64 = 16_571;

/// Whether a name is one of the mitochondrion's.
///
/// ```
/// use genolewm_core::contig::is_mitochondrion;
/// assert!(is_mitochondrion("chrM") && is_mitochondrion("NC_012920.1") && !is_mitochondrion("17"));
/// ```
#[must_use]
pub fn is_mitochondrion(name: &str) -> bool {
    let bare = strip_chr(name);
    ["M", "MT"].iter().any(|one| bare.eq_ignore_ascii_case(one))
        || (bare.len() > 9 && common_form(bare) == "MT")
}

/// The length in bp of the mitochondrial sequence that a name means; `None` for `chrM` and `M`, which
/// mean either.
///
/// ```
/// use genolewm_core::contig::mitochondrion_bp;
/// assert_eq!(mitochondrion_bp("MT"), Some(16_569));
/// assert_eq!(mitochondrion_bp("NC_001807.4"), Some(16_571));
/// assert_eq!(mitochondrion_bp("chrM"), None);
/// ```
#[must_use]
pub fn mitochondrion_bp(name: &str) -> Option<u64> {
    let upper = strip_chr(name).to_ascii_uppercase();
    match refseq_number(&upper) {
        Some(12_920) => Some(RCRS_BP),
        Some(1_807) => Some(NC_001807_BP),
        _ => (upper == "MT").then_some(RCRS_BP),
    }
}

fn strip_chr(name: &str) -> &str {
    match name.get(..3) {
        Some(prefix) if prefix.eq_ignore_ascii_case("chr") && name.len() > 3 => {
            name.get(3..).unwrap_or(name)
        }
        _ => name,
    }
}

/// The number in `NC_000017.11`: 1 to 24 for human chromosomes, 12920 (rCRS) or 1807 for MT.
fn refseq_number(upper: &str) -> Option<u32> {
    let (number, version) = upper.strip_prefix("NC_")?.split_once('.')?;
    version.parse::<u32>().ok()?;
    if number.len() == 6 {
        number.parse().ok()
    } else {
        None
    }
}

/// A build of the human genome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Assembly {
    /// NCBI36, hg18 (2006).
    Grch36,
    /// `GRCh37`, hg19 (2009).
    Grch37,
    /// `GRCh38`, hg38 (2013).
    Grch38,
    /// T2T-CHM13 v2.0, hs1 (2022).
    T2tChm13,
}

names! {
    /// The name for people, with the UCSC name beside it.
    Assembly:
    Grch36 = "NCBI36 (hg18)",
    Grch37 = "GRCh37 (hg19)",
    Grch38 = "GRCh38 (hg38)",
    T2tChm13 = "T2T-CHM13 v2.0 (hs1)",
}

impl Serialize for Assembly {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Assembly {
    /// The build's length of a chromosome in bp; `None` for a contig that is not 1 to 22, X or Y.
    #[must_use]
    pub fn chromosome_bp(self, name: &str) -> Option<u64> {
        let form = common_form(name);
        let row = match form.as_str() {
            "X" => 22,
            "Y" => 23,
            number => number
                .parse::<usize>()
                .ok()?
                .checked_sub(1)
                .filter(|n| *n < 22)?,
        };
        let column = Self::ALL.iter().position(|build| *build == self)?;
        CHROMOSOME_BP.get(row)?.get(column).copied()
    }

    /// Words that name the build in file headers, in lower case.
    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Grch36 => &[
                "grch36",
                "ncbi36",
                "hg18",
                "b36",
                "build 36",
                "ncbi build 36",
            ],
            Self::Grch37 => &[
                "grch37", "hg19", "b37", "hs37d5", "hs37", "g1k_v37", "build 37", "build37",
            ],
            Self::Grch38 => &[
                "grch38", "hg38", "b38", "hs38", "hs38dh", "build 38", "build38",
            ],
            Self::T2tChm13 => &["chm13", "chm13v2", "t2t", "hs1"],
        }
    }
}

/// A build, and what speaks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AssemblyGuess {
    /// The likely build.
    pub assembly: Assembly,
    /// A phrase for people, such as `chr17 is 81195210 bp long, as in GRCh37 (hg19)`.
    pub evidence: String,
}

/// Guesses the build from contig lengths; the build that most chromosomes agree with wins, and a
/// tie says nothing.
#[must_use]
pub fn guess_from_lengths<'a, I>(contigs: I) -> Option<AssemblyGuess>
where
    I: IntoIterator<Item = (&'a str, u64)>,
{
    let mut votes = [(0_usize, None); Assembly::ALL.len()];
    for (name, length_bp) in contigs {
        for (build, (count, example)) in Assembly::ALL.iter().zip(&mut votes) {
            if build.chromosome_bp(name) == Some(length_bp) {
                *count += 1;
                example.get_or_insert((name, length_bp));
            }
        }
    }
    let most = votes.iter().map(|(count, _)| *count).max()?;
    let mut best = Assembly::ALL
        .iter()
        .zip(votes)
        .filter(|(_, (count, _))| *count == most);
    let (&assembly, (_, example)) = best.next()?;
    if best.next().is_some() {
        return None;
    }
    let (name, length_bp) = example?;
    Some(AssemblyGuess {
        assembly,
        evidence: format!("{name} is {length_bp} bp long, as in {assembly}"),
    })
}

/// Guesses the build from one line of a file's header or comments (`##reference=…`, `# … build 37
/// …`). A line that names two builds says nothing.
#[must_use]
pub fn guess_from_text(line: &str) -> Option<AssemblyGuess> {
    let lower = line.to_ascii_lowercase();
    let mut found = None;
    for &assembly in Assembly::ALL {
        let Some(word) = assembly.words().iter().find(|word| has_word(&lower, word)) else {
            continue;
        };
        if found.is_some() {
            return None;
        }
        found = Some(AssemblyGuess {
            assembly,
            evidence: format!("the file's header says {word:?}"),
        });
    }
    found
}

/// Guesses from lengths first, and from the lines when they say nothing.
#[must_use]
pub fn guess_assembly<'a, C, L>(contigs: C, lines: L) -> Option<AssemblyGuess>
where
    C: IntoIterator<Item = (&'a str, u64)>,
    L: IntoIterator<Item = &'a str>,
{
    guess_from_lengths(contigs).or_else(|| lines.into_iter().find_map(guess_from_text))
}

/// Whether `word` occurs in `text` with no letter or digit on either side.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|part| part.chars().next_back());
        let after = text
            .get(at + word.len()..)
            .and_then(|part| part.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

/// Lengths in bp of chromosomes 1 to 22, X and Y, one column for each of [`Assembly::ALL`]; from
/// the assembly reports at NCBI and UCSC's `chromInfo` tables.
const CHROMOSOME_BP: [[u64; 4]; 24] = [
    [247_249_719, 249_250_621, 248_956_422, 248_387_328],
    [242_951_149, 243_199_373, 242_193_529, 242_696_752],
    [199_501_827, 198_022_430, 198_295_559, 201_105_948],
    [191_273_063, 191_154_276, 190_214_555, 193_574_945],
    [180_857_866, 180_915_260, 181_538_259, 182_045_439],
    [170_899_992, 171_115_067, 170_805_979, 172_126_628],
    [158_821_424, 159_138_663, 159_345_973, 160_567_428],
    [146_274_826, 146_364_022, 145_138_636, 146_259_331],
    [140_273_252, 141_213_431, 138_394_717, 150_617_247],
    [135_374_737, 135_534_747, 133_797_422, 134_758_134],
    [134_452_384, 135_006_516, 135_086_622, 135_127_769],
    [132_349_534, 133_851_895, 133_275_309, 133_324_548],
    [114_142_980, 115_169_878, 114_364_328, 113_566_686],
    [106_368_585, 107_349_540, 107_043_718, 101_161_492],
    [100_338_915, 102_531_392, 101_991_189, 99_753_195],
    [88_827_254, 90_354_753, 90_338_345, 96_330_374],
    [78_774_742, 81_195_210, 83_257_441, 84_276_897],
    [76_117_153, 78_077_248, 80_373_285, 80_542_538],
    [63_811_651, 59_128_983, 58_617_616, 61_707_364],
    [62_435_964, 63_025_520, 64_444_167, 66_210_255],
    [46_944_323, 48_129_895, 46_709_983, 45_090_682],
    [49_691_432, 51_304_566, 50_818_468, 51_324_926],
    [154_913_754, 155_270_560, 156_040_895, 154_259_566],
    [57_772_954, 59_373_566, 57_227_415, 62_460_029],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_prefer_the_exact_name_and_refuse_ambiguous_forms() {
        let both = ContigAliases::new(["1", "chr1", "chrMT"]);
        assert_eq!(both.resolve("1"), Some("1"));
        assert_eq!(both.resolve("chr1"), Some("chr1"));
        assert_eq!(both.resolve("CHR1"), None);
        assert_eq!(both.resolve("M"), Some("chrMT"));
        assert_eq!(both.resolve("chr"), None);
        assert_eq!(both.resolve(""), None);
    }

    #[test]
    fn case_outside_the_prefix_is_kept() {
        let aliases = ContigAliases::new(["chrUn_KI270302v1", "chrx"]);
        assert_eq!(aliases.resolve("Un_KI270302v1"), Some("chrUn_KI270302v1"));
        assert_eq!(aliases.resolve("un_ki270302v1"), None);
        assert_eq!(aliases.resolve("X"), Some("chrx"));
    }

    #[test]
    fn every_length_names_one_build() {
        for (row, lengths) in CHROMOSOME_BP.iter().enumerate() {
            let name = match row {
                22 => "X".to_string(),
                23 => "Y".to_string(),
                row => (row + 1).to_string(),
            };
            for (build, length) in Assembly::ALL.iter().zip(lengths) {
                let guess = guess_from_lengths([(name.as_str(), *length)]);
                assert_eq!(guess.map(|guess| guess.assembly), Some(*build), "{name}");
            }
        }
        assert_eq!(guess_from_lengths([("1", 5)]), None);
        assert_eq!(guess_from_lengths([("0", 5), ("99", 5)]), None);
    }

    #[test]
    fn words_count_only_as_words() {
        let build = |line| guess_from_text(line).map(|guess| guess.assembly);
        assert_eq!(
            build("# reference human assembly build 37 (also"),
            Some(Assembly::Grch37)
        );
        assert_eq!(
            build("##reference=file:///x/human_g1k_v37.fasta"),
            Some(Assembly::Grch37)
        );
        assert_eq!(build("##reference=GRCh38.p13"), Some(Assembly::Grch38));
        assert_eq!(build("lifted from hg19 to hg38"), None);
        assert_eq!(build("sub37 of verb37x"), None);
    }
}
