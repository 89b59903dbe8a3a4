//! Files that are written whole, and what a run leaves for people: metrics line by line, pictures of
//! them (SVG), and what TensorBoard reads; figures as Python prints them; and
//! pages in Markdown and HTML.
#![forbid(unsafe_code)]

pub mod output;
pub mod stop;
pub mod guard;
pub mod network_guard;
mod axis;
pub mod metrics;
pub mod json;
pub mod python;
pub mod document;
pub mod svg;
pub mod curves;
pub mod tensorboard;
pub mod markdown;
pub mod html;
