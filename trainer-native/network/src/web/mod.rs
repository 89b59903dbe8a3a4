//! The network: addresses that may be asked, and answers that are limited in size and time.

pub mod address;
pub mod token;
pub mod answer;
pub mod client;

pub use address::{Address, Source};
pub use answer::{Body, Head};
pub use client::{Client, Get, Resume};
pub use token::Token;
