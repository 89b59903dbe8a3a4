//! Readers can be handed to another thread. This is checked when the file is compiled.

use genolewm_core::Error;
use genolewm_core::bytes::{Feed, Pages, RangeRead};
use genolewm_core::reference::{
    AnyReference, FastaReference, IndexBuilder, Reference, ReferenceOpener, TwoBitReference,
};
use genolewm_core::source::VariantReader;
use std::fs::File;

const fn is_send<T: Send>() {}

#[test]
fn readers_are_send() {
    is_send::<Error>();
    is_send::<VariantReader>();
    is_send::<IndexBuilder>();
    readers_over::<File>();
    readers_over::<Pages>();
    is_send::<Feed>();
}

const fn readers_over<R: RangeRead + Send>() {
    is_send::<FastaReference<R>>();
    is_send::<TwoBitReference<R>>();
    is_send::<Reference<AnyReference<R>>>();
    is_send::<ReferenceOpener<R>>();
}
