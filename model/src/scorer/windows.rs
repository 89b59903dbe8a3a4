//! Which windows of a variant are read: its window's views, and how edits keep its length.

use crate::config::ModelConfig;
use crate::encoder::{EditedWindow, Site};
use genolewm_core::edit::{RelEdit, apply_edit, apply_edit_on_right};
use genolewm_core::provenance::WindowsConfig;
use genolewm_core::surprise::Aggregation;
use genolewm_core::view::{View, Views};
use genolewm_core::window::{CANONICAL_WINDOW_BP, TOKEN_BP};
use genolewm_core::{Error, Result};
use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;

/// Which of a model's views are computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ViewChoice {
    /// All of them.
    #[default]
    All,
    /// The first alone.
    Fast,
    /// These, whatever the model's are.
    These(Views),
}

impl ViewChoice {
    fn of(self, model: Views) -> Views {
        match self {
            Self::All => model,
            Self::Fast => model.first(),
            Self::These(views) => views,
        }
    }
}

impl FromStr for ViewChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "all" => Ok(Self::All),
            "fast" => Ok(Self::Fast),
            list => list.parse().map(Self::These).map_err(|error: Error| {
                error.with_remedy("give all, fast, or views such as +0,+2,-4")
            }),
        }
    }
}

/// The windows of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// The views that are computed.
    pub views: Views,
    /// How their distances become one.
    pub aggregation: Aggregation,
    /// The grid that window starts lie on.
    pub stride_bp: Option<usize>,
    /// What is kept right of an edit where an edited window is mended on that side; `None` for the
    /// windows of the Python package, which are mended at the end far from the edit.
    right_bp: Option<usize>,
}

impl Windows {
    /// Those of a model, as it says.
    #[must_use]
    pub fn of_model(config: &ModelConfig) -> Self {
        Self::new(config, ViewChoice::All, None, None)
    }

    /// Those of a model, of some of its views, of another aggregation, and on a grid where it has none.
    #[must_use]
    pub(super) fn new(
        config: &ModelConfig,
        views: ViewChoice,
        aggregation: Option<Aggregation>,
        stride_bp: Option<usize>,
    ) -> Self {
        let stride_bp = config.window_stride_bp.or(stride_bp);
        let used = views.of(config.views);
        let is_plain = stride_bp.is_none()
            && [config.views, used] == [Views::default(); 2]
            && CANONICAL_WINDOW_BP.contains(&config.window_bp);
        Self {
            views: used,
            aggregation: aggregation.unwrap_or(config.aggregation),
            stride_bp,
            right_bp: (!is_plain).then(|| (config.encoder.pool_radius + 1) * TOKEN_BP),
        }
    }

    /// Bases that are kept right of an edit where an edited window is mended on that side; `None` where
    /// windows are the Python package's.
    #[must_use]
    pub const fn right_bp(&self) -> Option<usize> {
        self.right_bp
    }

    /// As commitments and receipts note them.
    #[must_use]
    pub fn noted(&self) -> WindowsConfig {
        WindowsConfig {
            views: self.views,
            aggregation: self.aggregation.as_str().to_owned(),
            window_stride_bp: self.stride_bp.map(|bp| bp as u64),
        }
    }

    /// Edits in their windows, as one view has them; those that share a window come together.
    ///
    /// # Errors
    /// `INPUT.OUT_OF_WINDOW` or `INPUT.WINDOW_MISMATCH` when an edit does not fit its window.
    pub fn viewed<'a>(
        &self,
        view: View,
        items: impl IntoIterator<Item = (&'a Arc<str>, &'a RelEdit)>,
    ) -> Result<Viewed<'a>> {
        let mut viewed = Viewed::default();
        for (index, (window, edit)) in items.into_iter().enumerate() {
            let (left_out, edit) = view.place(window, edit)?;
            // Equal windows come one after another, save for overlapping records.
            let known = viewed
                .windows
                .iter()
                .rposition(|known| Arc::ptr_eq(known.whole, window) && known.left_out == left_out);
            let place = known.unwrap_or_else(|| {
                viewed.windows.push(ViewedWindow {
                    whole: window,
                    left_out,
                    bases: view.bases(window, left_out),
                    edits: Vec::new(),
                });
                viewed.windows.len() - 1
            });
            let known = &mut viewed.windows[place];
            let edited = self.edited(&known.bases, &edit)?;
            known.edits.push(ViewedEdit {
                index,
                edit,
                edited,
            });
        }
        Ok(viewed)
    }

    /// The window after an edit, of the same length.
    fn edited(&self, window: &str, edit: &RelEdit) -> Result<EditedWindow> {
        let bases = match self.right_bp {
            Some(right_bp) => apply_edit_on_right(window, edit, right_bp)?,
            None => apply_edit(window, edit, true)?,
        };
        Ok(EditedWindow {
            bases,
            locus: Some(edit.rel_pos()),
        })
    }
}

/// Edits as one view has them, by window.
#[derive(Debug, Default)]
pub struct Viewed<'a> {
    windows: Vec<ViewedWindow<'a>>,
}

#[derive(Debug)]
struct ViewedWindow<'a> {
    whole: &'a Arc<str>,
    left_out: usize,
    bases: Cow<'a, str>,
    edits: Vec<ViewedEdit>,
}

#[derive(Debug)]
struct ViewedEdit {
    /// Its place among the items.
    index: usize,
    edit: RelEdit,
    edited: EditedWindow,
}

impl Viewed<'_> {
    /// What the encoder is asked.
    #[must_use]
    pub fn sites(&self) -> Vec<Site<'_>> {
        let site = |window: &ViewedWindow<'_>| {
            window
                .edits
                .iter()
                .map(|edit| edit.edited.clone())
                .collect()
        };
        self.windows
            .iter()
            .map(|window| Site {
                reference: &window.bases,
                edits: site(window),
            })
            .collect()
    }

    /// The edits in the order of the sites.
    #[must_use]
    pub fn edits(&self) -> Vec<RelEdit> {
        self.each().map(|edit| edit.edit.clone()).collect()
    }

    /// Where each edit of that order is among the items.
    pub fn order(&self) -> impl Iterator<Item = usize> {
        self.each().map(|edit| edit.index)
    }

    fn each(&self) -> impl Iterator<Item = &ViewedEdit> {
        self.windows.iter().flat_map(|window| &window.edits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::position::BpOffset;

    fn windows(config: &str) -> Result<Windows> {
        let smallest =
            "encoder: {model_id: e, state_layer: -1, pool_radius: 1}\npredictor: {n_heads: 4}\n";
        Ok(Windows::of_model(&ModelConfig::parse(&format!(
            "{smallest}{config}"
        ))?))
    }

    #[test]
    fn neighbours_share_a_window_and_keep_their_order() -> Result<()> {
        let edit = |at| RelEdit::new(BpOffset(at), "A", "C");
        let (first, second): (Arc<str>, Arc<str>) = ("AAAAAA".into(), "AAAAAA".into());
        let edits = [edit(1)?, edit(3)?, edit(2)?];
        let items = [&first, &second, &first].into_iter().zip(&edits);
        let viewed = windows("")?.viewed(View::default(), items)?;
        let sites = viewed.sites();
        let bases: Vec<Vec<&str>> = sites
            .iter()
            .map(|site| site.edits.iter().map(|edit| edit.bases.as_str()).collect())
            .collect();
        assert_eq!(bases, [vec!["ACAAAA", "AACAAA"], vec!["AAACAA"]]);
        assert_eq!(viewed.order().collect::<Vec<_>>(), [0, 2, 1]);
        Ok(())
    }

    /// The Python package mends a centred window on the left, and nothing was shared.
    #[test]
    fn a_deletion_shared_nothing_with_its_reference() -> Result<()> {
        let window: Arc<str> = "ACGT".repeat(30).into();
        let edit = RelEdit::new(BpOffset(60), "ACG", "A")?;
        let edited = |config: &str| {
            let viewed = windows(config)?.viewed(View::default(), [(&window, &edit)])?;
            Ok::<_, Error>(viewed.sites()[0].edits[0].bases.clone())
        };
        for ours in [
            "window_bp: 480",
            "views: [\"+0\", \"-0\"]",
            "window_stride_bp: 96",
        ] {
            assert!(edited(ours)?.starts_with(&window[..61]), "{ours}");
        }
        for packages in ["", "window_bp: 4096", "window_bp: 4096\naggregation: max"] {
            assert!(edited(packages)?.starts_with("NNACGT"), "{packages}");
        }
        Ok(())
    }
}
