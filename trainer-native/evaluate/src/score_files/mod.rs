//! Files of scores measured against files of labels, whoever made them.

pub mod jsonl;
pub mod agreement;
pub mod compare;
pub mod additions;
