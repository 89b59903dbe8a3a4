//! How well scores tell substitutions that primates kept from random ones.
//!
//! What became fixed in a species was not harmful enough to be lost, so random substitutions should
//! score higher. Each fixed one has a random partner: the same base between the same neighbours,
//! replaced by the same base, in the same class of region, where the four species agree.

use super::two_sides::{Basis, scored};
use crate::baselines::controls::Methods;
use crate::baselines::fitted::TwoSides;
use crate::errors::dataset_error;
use crate::scores::{Auroc, ClassFigures, LEAST_PER_SIDE, Score, aurocs};
use crate::states::Item;
use crate::variants::{Bounds, Locate, Side};
use genolewm::ops::Ops;
use genolewm::scorer::Candidate;
use genolewm_core::context::RegionClass;
use genolewm_core::edit::EditSpec;
use genolewm_core::genome::places::region_class;
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::{Error, Result};
use genolewm_data::bases::{self, below};
use genolewm_data::genome::primate::{Branch, PrimateAlignment, Substitution, UnchangedSites};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const HELD_OUT_STREAM: u64 = 6;
const TRAINING_STREAM: u64 = 7;
/// Random sites that are tried before a substitution is left without one.
const PARTNERS: usize = 8;
/// What the ensemble and the context table are fitted to.
const FITTED_TO: &str = "random and fixed substitutions of the alignment outside the hold-outs";

/// The figures.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Primates {
    /// Fixed substitutions, each with its random partner.
    pub pairs: usize,
    /// What the figures rest on; what is left out are fixed substitutions without a pair, among those
    /// that were drawn.
    #[serde(flatten)]
    pub basis: Basis,
    /// All pairs, by branch, and by class of region.
    pub groups: Vec<Group>,
}

/// Pairs of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// `all`, a branch, or a class of region.
    pub group: String,
    /// Pairs.
    pub pairs: usize,
    /// By score: the chance that a random substitution scores higher than a fixed one; empty with
    /// too few pairs.
    pub auroc: BTreeMap<String, Auroc>,
}

impl<'a> From<&'a Group> for ClassFigures<'a> {
    fn from(group: &'a Group) -> Self {
        Self {
            name: &group.group,
            sides: [group.pairs; 2],
            is_paired: true,
            auroc: &group.auroc,
        }
    }
}

/// Substitutions with random partners: first all fixed ones, then their partners in the same order.
#[derive(Debug, Default)]
struct Pairs {
    kinds: Vec<(Branch, RegionClass)>,
    fixed: Vec<(EditSpec, Item)>,
    random: Vec<(EditSpec, Item)>,
    left_out: BTreeMap<String, u64>,
}

/// Where pairs come from.
struct Draw<'a, 'p, O: Ops> {
    bounds: Bounds<'a>,
    side: Side<'a>,
    methods: &'a Methods<'a, O>,
    place: &'a mut Locate<'p>,
}

/// Measures up to `most_pairs` pairs whose windows are held out, half of them on each branch. As many
/// outside the hold-outs fit the ensemble and the context table.
///
/// # Errors
/// `EVAL.DATASET` when the hold-outs have too few pairs; what the model and the metrics return.
pub fn measure(
    alignment: &PrimateAlignment,
    bounds: Bounds<'_>,
    most_pairs: usize,
    methods: &Methods<'_, impl Ops>,
    place: &mut Locate<'_>,
) -> Result<Primates> {
    let mut draw = |side, stream| {
        let draw = Draw {
            bounds,
            side,
            methods,
            place: &mut *place,
        };
        draw.pairs(alignment, most_pairs, stream)
    };
    let held = draw(Side::HeldOut(None), HELD_OUT_STREAM)?;
    if held.fixed.len() < LEAST_PER_SIDE {
        return Err(too_few(&held.left_out, held.fixed.len()));
    }
    let outside = draw(Side::Training, TRAINING_STREAM)?;
    let (items, edits, random) = (held.items(), held.edits(), held.labels());
    let sides = TwoSides {
        items: &items,
        edits: &edits,
        positive: &random,
    };
    let outside = TwoSides {
        items: &outside.items(),
        edits: &outside.edits(),
        positive: &outside.labels(),
    };
    let left_out = held.left_out.clone();
    let (basis, _, scores) = scored(sides, &edits, (FITTED_TO, outside), left_out, methods)?;
    Ok(Primates {
        pairs: held.fixed.len(),
        basis,
        groups: groups(&held, &scores, &random, methods)?,
    })
}

fn groups(
    pairs: &Pairs,
    scores: &[Score],
    random: &[bool],
    methods: &Methods<'_, impl Ops>,
) -> Result<Vec<Group>> {
    let mut kinds: Vec<(Option<Branch>, Option<RegionClass>)> = vec![(None, None)];
    kinds.extend([Branch::Human, Branch::Chimpanzee].map(|branch| (Some(branch), None)));
    kinds.extend(RegionClass::ALL.iter().map(|&class| (None, Some(class))));
    let mut groups = Vec::new();
    for (branch, class) in kinds {
        let wanted = |kind: &(Branch, RegionClass)| {
            branch.is_none_or(|branch| branch == kind.0)
                && class.is_none_or(|class| class == kind.1)
        };
        let found = pairs
            .kinds
            .iter()
            .enumerate()
            .filter(|(_, kind)| wanted(kind));
        let fixed: Vec<usize> = found.map(|(row, _)| row).collect();
        if fixed.is_empty() {
            continue;
        }
        let partners = fixed.iter().map(|row| row + pairs.fixed.len());
        let rows: Vec<usize> = fixed.iter().copied().chain(partners).collect();
        let name = match (branch, class) {
            (Some(branch), _) => branch.as_str(),
            (None, Some(class)) => class.as_str(),
            (None, None) => "all",
        };
        groups.push(Group {
            group: name.to_owned(),
            pairs: fixed.len(),
            auroc: aurocs(scores, random, &rows, &methods.bootstrap)?.1,
        });
    }
    Ok(groups)
}

impl Pairs {
    fn both<T: Clone>(&self, of: impl Fn(&(EditSpec, Item)) -> T) -> Vec<T> {
        self.fixed.iter().chain(&self.random).map(of).collect()
    }

    fn items(&self) -> Vec<Item> {
        self.both(|(_, item)| item.clone())
    }

    fn edits(&self) -> Vec<EditSpec> {
        self.both(|(edit, _)| edit.clone())
    }

    /// Whether each is a random one.
    fn labels(&self) -> Vec<bool> {
        let fixed = self.fixed.iter().map(|_| false);
        fixed.chain(self.random.iter().map(|_| true)).collect()
    }

    fn leave_out(&mut self, reason: &str) {
        *self.left_out.entry(reason.to_owned()).or_default() += 1;
    }
}

impl<O: Ops> Draw<'_, '_, O> {
    fn pairs(mut self, alignment: &PrimateAlignment, most: usize, stream: u64) -> Result<Pairs> {
        let mut rng = bases::stream(self.methods.seed, stream);
        let mut sites = alignment.unchanged_sites(|contig, at| self.may_hold(contig, at));
        let mut pairs = Pairs::default();
        for (branch, share) in [
            (Branch::Human, most.div_ceil(2)),
            (Branch::Chimpanzee, most / 2),
        ] {
            let mut found = alignment.substitutions(branch);
            found.retain(|found| self.may_hold(&found.contig, found.at));
            shuffle(&mut found, &mut rng);
            let enough = pairs.fixed.len() + share;
            for substitution in &found {
                if pairs.fixed.len() == enough {
                    break;
                }
                self.add(&mut pairs, branch, substitution, &mut sites, &mut rng)?;
            }
        }
        Ok(pairs)
    }

    /// Whether a window around a base is on the side, as far as that can be said without the
    /// reference: what is placed is judged again.
    fn may_hold(&self, contig: &str, at: BpOffset) -> bool {
        let around_bp = self.methods.model.bundle.info.config.window_bp as u64 / 2;
        let span = Interval::at(at, 0).widened(around_bp);
        // The base does not matter, only its place.
        let edit = EditSpec::new(contig, at.position(), "A", "C");
        edit.is_ok_and(|edit| {
            self.bounds
                .speaks_against(self.side, &edit, Some(span))
                .is_none()
        })
    }

    fn add(
        &mut self,
        pairs: &mut Pairs,
        branch: Branch,
        substitution: &Substitution,
        sites: &mut UnchangedSites,
        rng: &mut ChaCha8Rng,
    ) -> Result<()> {
        let fixed = match self.placed(substitution)? {
            Ok(fixed) => fixed,
            Err(reason) => {
                pairs.leave_out(reason);
                return Ok(());
            }
        };
        let annotation = self.methods.annotation;
        let mut class = |found: &Substitution| Ok(region_class(annotation, &found.edit()?));
        for _ in 0..PARTNERS {
            let Some(partner) = sites.matched(substitution, &mut class, rng)? else {
                break;
            };
            if let Ok(random) = self.placed(&partner)? {
                pairs.kinds.push((branch, class(substitution)?));
                pairs.fixed.push(fixed);
                pairs.random.push(random);
                return Ok(());
            }
        }
        pairs.leave_out("no_random_partner");
        Ok(())
    }

    /// The edit in its window, or why it has none.
    fn placed(
        &mut self,
        substitution: &Substitution,
    ) -> Result<core::result::Result<(EditSpec, Item), &'static str>> {
        let edit = substitution.edit()?;
        let Candidate { edit, window, .. } =
            match self.bounds.window(self.side, &edit, self.place)? {
                Ok(placed) => placed,
                Err(reason) => return Ok(Err(reason)),
            };
        if window.sequence().contains('N') {
            return Ok(Err("unknown_bases"));
        }
        let item = Item::of(&edit, &window)?;
        Ok(Ok((edit, item)))
    }
}

/// Fisher and Yates.
fn shuffle<T>(list: &mut [T], rng: &mut ChaCha8Rng) {
    for last in (1..list.len()).rev() {
        list.swap(last, below(rng, last as u64 + 1) as usize);
    }
}

fn too_few(left_out: &BTreeMap<String, u64>, pairs: usize) -> Error {
    let error = dataset_error("the hold-outs have too few substitutions of the alignment")
    .with_detail("pairs", pairs)
    .with_remedy(
        "give an alignment of Hsap, Ptro, Ggor and Ppyg that covers regions of --holdout, and the \
         FASTA of human",
    );
    left_out.iter().fold(error, |error, (reason, count)| {
        error.with_detail(reason.as_str(), count)
    })
}
