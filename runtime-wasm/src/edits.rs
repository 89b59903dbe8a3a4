//! Edits of a window as JavaScript gives and gets them.

use crate::js_error::{JsResult, from_json, json};
use genolewm_core::Result;
use genolewm_core::edit::RelEdit;
use genolewm_core::position::BpOffset;
use serde::{Deserialize, Serialize};

/// An edit as `predict` takes it.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WindowEdit {
    rel_pos: u64,
    #[serde(rename = "ref")]
    reference: String,
    alt: String,
}

impl WindowEdit {
    /// The form that JavaScript gets.
    pub(crate) fn of(edit: &RelEdit) -> Self {
        Self {
            rel_pos: edit.rel_pos().get(),
            reference: edit.ref_bases().to_owned(),
            alt: edit.alt_bases().to_owned(),
        }
    }

    fn edit(&self) -> Result<RelEdit> {
        RelEdit::new(BpOffset(self.rel_pos), &self.reference, &self.alt)
    }
}

/// The edits of JSON.
pub(crate) fn read_edits(edits: &str) -> JsResult<Vec<RelEdit>> {
    let edits: Vec<WindowEdit> = from_json(edits, "the edits")?;
    Ok(edits.iter().map(WindowEdit::edit).collect::<Result<_>>()?)
}

/// Sequences of edits, of JSON.
pub(crate) fn read_sequences(sequences: &str) -> JsResult<Vec<Vec<RelEdit>>> {
    let sequences: Vec<Vec<WindowEdit>> = from_json(sequences, "the edits")?;
    let read = |edits: Vec<WindowEdit>| edits.iter().map(WindowEdit::edit).collect();
    Ok(sequences.into_iter().map(read).collect::<Result<_>>()?)
}

/// Sequences of edits as JSON.
pub(crate) fn write_sequences(sequences: &[&[RelEdit]]) -> JsResult<String> {
    let shown = |edits: &&[RelEdit]| edits.iter().map(WindowEdit::of).collect::<Vec<_>>();
    json(&sequences.iter().map(shown).collect::<Vec<_>>())
}
