//! What edits do to transcripts: a table worked by hand, and what Ensembl's VEP says of real variants.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_core::edit::EditSpec;
use genolewm_core::genome::annotation::Annotation;
use genolewm_core::genome::gff::read_transcripts;
use genolewm_core::genome::places::Places;
use genolewm_core::genome::transcript::Transcript;
use genolewm_core::reference::{AnyReference, Reference};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

fn repository(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn transcripts(name: &str) -> Vec<Transcript> {
    let path = repository(name);
    let file = File::open(&path).expect("the annotation");
    let size = file.metadata().expect("a size").len();
    read_transcripts(Box::new(file), name, size).expect("transcripts")
}

fn reference(name: &str) -> Reference<AnyReference<File>> {
    Reference::new(AnyReference::open_path(&repository(name)).expect("the reference"))
}

/// The rows of a table below its comments and its header.
fn rows<const COLUMNS: usize>(text: &str) -> Vec<[&str; COLUMNS]> {
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    let cells = lines.map(|line| line.split('\t').collect::<Vec<_>>());
    cells
        .map(|cells| cells.try_into().expect("all columns"))
        .collect()
}

/// What names an edit: transcript and terms.
fn told(
    places: &mut Places,
    reference: &mut Reference<AnyReference<File>>,
    edit: &str,
) -> (String, String) {
    let edit: EditSpec = edit.parse().expect("an edit");
    let place = places.of(&edit, reference).expect("a place");
    let effect = place.effect.expect("an effect");
    let transcript = effect.transcript().unwrap_or(".");
    (transcript.to_owned(), effect.consequence())
}

#[test]
fn edits_of_brca1_do_what_was_worked_out_by_hand() {
    let all = transcripts("examples/brca1.gencode19.gff3.gz");
    let mut reference = reference("examples/brca1.hg19.fa.gz");
    let mut places = Places::new(Some(Annotation::new(all.clone())), None);
    let table = fs::read_to_string(repository("tests/fixtures/consequence/brca1.tsv"));
    let table = table.expect("the table");
    let rows = rows::<6>(&table);
    assert!(rows.len() >= 40);
    for [edit, transcript, named, hgvs, terms, why] in rows {
        let found = if named == "yes" {
            told(&mut places, &mut reference, edit)
        } else {
            let one = all.iter().filter(|one| one.name() == transcript).cloned();
            let mut alone = Places::new(Some(Annotation::new(one)), None);
            told(&mut alone, &mut reference, edit)
        };
        let expected = (transcript.to_owned(), terms.to_owned());
        assert_eq!(found, expected, "{edit} {hgvs}: {why}");
    }
}

#[test]
fn alleles_of_exac_do_what_vep_says() {
    let mut reference = reference("tests/fixtures/consequence/vep.fa.gz");
    let annotation = Annotation::new(transcripts("tests/fixtures/consequence/vep.gff3"));
    let mut places = Places::new(Some(annotation), None);
    let table = fs::read_to_string(repository("tests/fixtures/consequence/vep.tsv"));
    let table = table.expect("the table");
    let mut agree: BTreeMap<&str, usize> = BTreeMap::new();
    let mut other = Vec::new();
    for [edit, transcript, terms] in rows::<3>(&table) {
        let found = told(&mut places, &mut reference, edit);
        match (found.0.as_str(), found.1.as_str()) == (transcript, terms) {
            true => *agree.entry(terms).or_default() += 1,
            false => other.push((edit, terms, found)),
        }
    }
    let all = agree.values().sum::<usize>() + other.len();
    println!("{} of {all} as VEP: {agree:?}", all - other.len());
    assert_eq!(all, 929);
    assert!(agree.len() >= 15, "{agree:?}");
    assert!(other.is_empty(), "{other:?}");
}
