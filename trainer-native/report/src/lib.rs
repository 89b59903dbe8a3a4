//! What a run leaves for people: metrics line by line, pictures of them, and what dashboards read;
//! figures as Python prints them; and pages in Markdown and HTML.
#![forbid(unsafe_code)]

pub mod output;
mod axis;
pub mod metrics;
pub mod prometheus;
pub mod python;
pub mod svg;
pub mod curves;
pub mod tensorboard;
pub mod document;
pub mod markdown;
pub mod html;
