//! Substitutions between primates, and how conserved a place is among them, from an alignment.
//!
//! Everything is told on the human reference: an edit replaces the human base by an ape's.

use crate::bases::{N, below, code, complement, letter};
use crate::files::maf::{MafRow, each_block};
use crate::named::named;
use genolewm_core::Result;
use genolewm_core::context::RegionClass;
use genolewm_core::contig::common_form;
use genolewm_core::edit::EditSpec;
use genolewm_core::position::{BpOffset, Interval};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The species of a column, human first; apes by how near they are.
pub const SPECIES: [&str; 4] = ["Hsap", "Ptro", "Ggor", "Ppyg"];
/// Draws of a random site before its substitution stays without one.
const DRAWS: usize = 2_000;

/// Codes of the bases of [`SPECIES`] at one human base; [`N`] for gaps and unknown bases.
pub type AlignmentColumn = [u8; SPECIES.len()];

/// Aligned human bases in a row.
#[derive(Debug, Clone)]
struct AlignedSegment {
    contig: Arc<str>,
    span: Interval,
    columns: Vec<AlignmentColumn>,
}

/// An alignment of four primates, by human place.
#[derive(Debug, Clone, Default)]
pub struct PrimateAlignment {
    /// By contig and place; none overlap.
    segments: Vec<AlignedSegment>,
}

/// Where a substitution happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Branch {
    /// The apes agree and human differs: the human base is the new one.
    Human,
    /// Human, gorilla and orangutan agree and chimpanzee differs.
    Chimpanzee,
}

named!(Branch: Human = "human_branch", Chimpanzee = "chimpanzee_branch");

/// A single base replaced by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substitution {
    /// `chr22`.
    pub contig: Arc<str>,
    /// The human base.
    pub at: BpOffset,
    /// Codes of the human base and its neighbours.
    pub triplet: [u8; 3],
    /// Code of the base that takes its place.
    pub alternate: u8,
}

impl Substitution {
    /// The same as an edit of the human reference.
    ///
    /// # Errors
    /// Never for bases that are known.
    pub fn edit(&self) -> Result<EditSpec> {
        let text = |code| letter(code).to_string();
        EditSpec::new(
            &self.contig,
            self.at.position(),
            &text(self.triplet[1]),
            &text(self.alternate),
        )
    }
}

/// Sites that no primate changed, by human base and neighbours: where random substitutions are put.
#[derive(Debug, Clone, Default)]
pub struct UnchangedSites {
    by_triplet: BTreeMap<[u8; 3], Vec<(Arc<str>, BpOffset)>>,
}

impl PrimateAlignment {
    /// Reads a MAF file, plain or gzip. Blocks without exactly one human row, and what overlaps an
    /// earlier block on human, are left out; so is a species with several rows in a block. Human
    /// contigs are called `chr22`, however the file writes them.
    ///
    /// # Errors
    /// As [`each_block`].
    pub fn read(path: &Path) -> Result<Self> {
        let mut alignment = Self::default();
        each_block(path, |rows| {
            alignment.segments.extend(segment(rows)?);
            Ok(())
        })?;
        let segments = &mut alignment.segments;
        segments.sort_by(|a, b| (&a.contig, a.span.start).cmp(&(&b.contig, b.span.start)));
        segments
            .dedup_by(|next, kept| next.contig == kept.contig && next.span.start < kept.span.end);
        Ok(alignment)
    }

    /// Human bases that are aligned.
    #[cfg(test)]
    pub(crate) fn len_bp(&self) -> u64 {
        self.segments.iter().map(|s| s.span.len_bp()).sum()
    }

    /// The bases at a human base; `None` where nothing is aligned. Contigs as in
    /// [`read`](Self::read).
    #[must_use]
    pub fn column(&self, contig: &str, at: BpOffset) -> Option<AlignmentColumn> {
        let index = self
            .segments
            .partition_point(|s| (&*s.contig, s.span.end) <= (contig, at));
        let segment = self.segments.get(index).filter(|s| &*s.contig == contig)?;
        segment
            .columns
            .get(at.since(segment.span.start)?.get() as usize)
            .copied()
    }

    /// Substitutions on a branch with a known neighbourhood, by place.
    #[must_use]
    pub fn substitutions(&self, branch: Branch) -> Vec<Substitution> {
        let changed = |[human, chimpanzee, gorilla, orangutan]: AlignmentColumn| {
            let alternate = chimpanzee;
            let on_branch = match branch {
                Branch::Human => chimpanzee == gorilla && gorilla == orangutan,
                Branch::Chimpanzee => human == gorilla && gorilla == orangutan,
            };
            (on_branch && human != chimpanzee).then_some(alternate)
        };
        let mut found = Vec::new();
        self.each_known(|contig, at, triplet, column| {
            found.extend(changed(column).map(|alternate| Substitution {
                contig: Arc::clone(contig),
                at,
                triplet,
                alternate,
            }));
        });
        found
    }

    /// The sites that `keep` wants where all four species have the same base.
    #[must_use]
    pub fn unchanged_sites(&self, keep: impl Fn(&str, BpOffset) -> bool) -> UnchangedSites {
        let mut sites = UnchangedSites::default();
        self.each_known(|contig, at, triplet, column| {
            if column.iter().all(|&base| base == column[0]) && keep(contig, at) {
                let list = sites.by_triplet.entry(triplet).or_default();
                list.push((Arc::clone(contig), at));
            }
        });
        sites
    }

    /// Share of the apes' bases up to `reach_bp` to either side that are human's, 0 to 1. The base
    /// itself does not count, so that a place is judged alike whether it changed or not. `None` where
    /// the base is not aligned or less than half of the bases around it are known.
    #[must_use]
    pub fn conservation(&self, contig: &str, at: BpOffset, reach_bp: u64) -> Option<f64> {
        self.column(contig, at)?;
        let (mut known, mut same) = (0_u64, 0_u64);
        let first = at.get().saturating_sub(reach_bp);
        for near in (first..=at.get() + reach_bp).filter(|&near| near != at.get()) {
            let Some([human, apes @ ..]) = self.column(contig, BpOffset(near)) else {
                continue;
            };
            let apes = apes.iter().filter(|&&ape| human < N && ape < N);
            for &ape in apes {
                known += 1;
                same += u64::from(ape == human);
            }
        }
        let all = 2 * reach_bp * (SPECIES.len() as u64 - 1);
        (known > 0 && 2 * known >= all).then(|| same as f64 / known as f64)
    }

    /// Calls `each(contig, place, triplet, column)` for every column of four known bases between two
    /// known human bases.
    fn each_known(&self, mut each: impl FnMut(&Arc<str>, BpOffset, [u8; 3], AlignmentColumn)) {
        for segment in &self.segments {
            for (index, columns) in segment.columns.windows(3).enumerate() {
                let triplet = [columns[0][0], columns[1][0], columns[2][0]];
                let known = |bases: &[u8]| bases.iter().all(|&base| base < N);
                if known(&triplet) && known(&columns[1]) {
                    let at = BpOffset(segment.span.start.get() + index as u64 + 1);
                    each(&segment.contig, at, triplet, columns[1]);
                }
            }
        }
    }
}

impl UnchangedSites {
    /// A random site for a substitution: the same base with the same neighbours, replaced by the same
    /// base, in the same class of region by `class`. No site is given twice. `None` when none is found
    /// in a few thousand draws.
    ///
    /// # Errors
    /// What `class` returns.
    pub fn matched(
        &mut self,
        substitution: &Substitution,
        class: &mut dyn FnMut(&Substitution) -> Result<RegionClass>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<Substitution>> {
        let Some(sites) = self.by_triplet.get_mut(&substitution.triplet) else {
            return Ok(None);
        };
        let wanted = class(substitution)?;
        for _ in 0..DRAWS {
            if sites.is_empty() {
                break;
            }
            let index = below(rng, sites.len() as u64) as usize;
            let random = Substitution {
                contig: Arc::clone(&sites[index].0),
                at: sites[index].1,
                ..substitution.clone()
            };
            if class(&random)? == wanted {
                sites.swap_remove(index);
                return Ok(Some(random));
            }
        }
        Ok(None)
    }
}

/// A block on human's forward strand, without the columns that human lacks.
fn segment(rows: &[MafRow]) -> Result<Option<AlignedSegment>> {
    let only = |species: &str| {
        let mut rows = rows.iter().filter(|row| row.species() == species);
        rows.next().filter(|_| rows.next().is_none())
    };
    let Some(human) = only(SPECIES[0]) else {
        return Ok(None);
    };
    let aligned = SPECIES.map(|species| only(species).map(|row| row.columns.as_bytes()));
    let base = |row: Option<&[u8]>, column: usize| {
        row.and_then(|row| row.get(column))
            .map_or(N, |&base| code(base))
    };
    let human_bases = human
        .columns
        .bytes()
        .enumerate()
        .filter(|&(_, base)| base != b'-');
    let mut columns: Vec<AlignmentColumn> = human_bases
        .map(|(column, _)| aligned.map(|row| base(row, column)))
        .collect();
    if human.is_reverse {
        columns.reverse();
        columns
            .iter_mut()
            .flatten()
            .for_each(|base| *base = complement(*base));
    }
    let contig = human.name.split_once('.').map_or("", |(_, contig)| contig);
    Ok(Some(AlignedSegment {
        contig: format!("chr{}", common_form(contig)).into(),
        span: human.forward()?,
        columns,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;
    use std::io::Write;

    fn alignment(text: &str) -> PrimateAlignment {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        PrimateAlignment::read(file.path()).unwrap()
    }

    /// Human 10..20, a gap of human inside, a change on the human branch at 12, on the chimpanzee's
    /// at 15, an unknown ape at 17.
    const BLOCK: &str = "a\ns Hsap.22 10 10 + 50 ACGTA-CGTAC\ns Ptro.22 1 11 + 90 ACTTATTGTAC\n\
                         s Ggor.22 1 10 + 90 ACTTA-CGTAC\ns Ppyg.22 1 10 + 90 ACTTA-CGNAC\n";

    #[test]
    fn each_branch_has_its_substitutions() {
        let alignment = alignment(BLOCK);
        assert_eq!(alignment.len_bp(), 10);
        let found = |branch| -> Vec<String> {
            let found = alignment.substitutions(branch);
            found
                .iter()
                .map(|s| s.edit().unwrap().to_string())
                .collect()
        };
        assert_eq!(found(Branch::Human), ["chr22:13:G:T"]);
        assert_eq!(found(Branch::Chimpanzee), ["chr22:16:C:T"]);
        assert_eq!(alignment.column("chr22", BpOffset(17)), Some([3, 3, 3, N]));
        for (contig, at) in [("chr22", 9), ("chr22", 20), ("chr2", 12), ("chrX", 12)] {
            assert_eq!(
                alignment.column(contig, BpOffset(at)),
                None,
                "{contig} {at}"
            );
        }
    }

    #[test]
    fn a_reverse_human_row_is_turned_over() {
        let forward = alignment(BLOCK);
        let turned = |row: &str| -> String {
            let pair = |base| match base {
                'A' => 'T',
                'T' => 'A',
                'C' => 'G',
                'G' => 'C',
                other => other,
            };
            row.chars().rev().map(pair).collect()
        };
        let text = BLOCK.replace("10 10 +", "30 10 -");
        let lines: Vec<String> = text
            .lines()
            .map(|line| match line.rsplit_once(' ') {
                Some((head, row)) => format!("{head} {}", turned(row)),
                None => line.to_owned(),
            })
            .collect();
        let reverse = alignment(&lines.join("\n"));
        for branch in [Branch::Human, Branch::Chimpanzee] {
            assert_eq!(reverse.substitutions(branch), forward.substitutions(branch));
        }
    }

    #[test]
    fn conservation_leaves_the_base_itself_out() {
        let alignment = alignment(BLOCK);
        let at = |at, reach_bp| alignment.conservation("chr22", BpOffset(at), reach_bp);
        // Changed itself, between bases that all share.
        assert_eq!(at(12, 1), Some(1.0));
        // Two neighbours to a side: of twelve bases three differ at 12 and one at 15.
        assert_eq!(at(13, 2), Some(8.0 / 12.0));
        // Past the alignment's end more than half is unknown.
        assert_eq!((at(19, 8), at(9, 1)), (None, None));
        // One ape is unknown at 17.
        assert_eq!(at(18, 1), Some(1.0));
    }

    #[test]
    fn random_sites_match_and_are_given_once() {
        let row = "TACGATACGATACGAT";
        let text = format!(
            "a\ns Hsap.22 0 16 + 50 {row}\ns Ptro.22 0 16 + 90 {row}\ns Ggor.22 0 16 + 90 {row}\n\
             s Ppyg.22 0 16 + 90 {row}\n"
        );
        let mut sites = alignment(&text).unchanged_sites(|_, at| at.get() > 2);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let substitution = Substitution {
            contig: "chr22".into(),
            at: BpOffset(2),
            triplet: [0, 1, 2],
            alternate: 3,
        };
        let mut class = |s: &Substitution| {
            Ok(match s.at.get() {
                12 => RegionClass::Promoter,
                _ => RegionClass::Intron,
            })
        };
        let mut next = || sites.matched(&substitution, &mut class, &mut rng).unwrap();
        let first = next().unwrap();
        assert_eq!((first.at, first.alternate), (BpOffset(7), 3));
        assert_eq!(next(), None);
    }
}
