//! Repositories in the layout of Hugging Face's hub: what is in one, which of it is wanted, and the note of
//! where files came from.

pub mod repository;
pub mod listing;
pub mod choice;
pub mod record;
