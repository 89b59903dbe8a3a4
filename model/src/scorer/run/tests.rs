use super::intake::{LOOK_AHEAD, SAMPLE};
use super::*;
use crate::scorer::regions::Regions;
use genolewm_core::ErrorCode;
use genolewm_core::edit::SkipReason;
use genolewm_core::reference::{AnyReference, FastaReference, Pages, ReferenceOpener};
use std::fmt::Write as _;

/// Further than what is cached, and all places together are more than what is kept: every few
/// records wait for their bytes.
const STEP_BP: usize = 70_000;
const PLACES: usize = 140;
const HEADER: &str = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";

fn by() -> Arc<ScoredBy> {
    Arc::new(ScoredBy {
        backend: "none".to_owned(),
        device: "none".to_owned(),
    })
}

fn intake(selection: Selection) -> Intake {
    Intake::new("sites.vcf", "ref.fa", selection)
}

fn placer() -> Placer {
    Placer::new(4096, None)
}

/// Runs over the whole input, with the reference's bytes supplied as they are wanted; returns how
/// often they were.
fn run_starved(vcf: &str, fasta: &[u8]) -> Result<(Run<()>, u64)> {
    let pages = Pages::with_capacity("ref.fa", fasta.len() as u64, 4);
    let supply = || {
        let (offset, length) = pages.take_wanted().expect("something is wanted");
        let offset = offset as usize;
        pages.supply(offset as u64, &fasta[offset..offset + length])
    };
    let fai = format!("big\t{0}\t5\t{0}\t{1}\n", fasta.len() - 6, fasta.len() - 5);
    let mut opener = ReferenceOpener::new(pages.clone(), Some(fai.into_bytes()), None, "ref.fa");
    let source: AnyReference<Pages> = loop {
        match opener.open() {
            Ok(source) => break source,
            Err(_) => supply()?,
        }
    };
    let mut reference = Reference::new(source);
    let mut run = Run::new(intake(Selection::default()), placer(), 32);
    run.intake_mut().push(vcf.as_bytes())?;
    run.intake_mut().end();
    let mut repeated = 0;
    loop {
        match run.next(&mut reference)? {
            RunStep::Needs(Need::Reference) => {
                supply()?;
                repeated += 1;
            }
            RunStep::Batch(batch) => {
                run.complete(batch.ticket, vec![(); batch.candidates.len()], &by())?;
            }
            RunStep::Again => while run.deliver().is_some() {},
            RunStep::Done => return Ok((run, repeated)),
            step => panic!("{step:?} where everything is there"),
        }
    }
}

/// A header, `unknown` records on a contig that is not there, then records of `letter` at every
/// step of the reference.
fn vcf(unknown: usize, letter: char, steps: usize) -> String {
    let mut text = String::from(HEADER);
    for pos in 1..=unknown {
        let _ = writeln!(text, "nowhere\t{pos}\t.\tA\tG\t.\t.\t.");
    }
    for step in 0..steps {
        let pos = 10_000 + step % PLACES * STEP_BP + step / PLACES;
        let _ = writeln!(text, "big\t{pos}\t.\t{letter}\tG\t.\t.\t.");
    }
    text
}

/// One contig, all A, on one line.
fn fasta() -> Vec<u8> {
    let bases = vec![b'A'; 20_000 + PLACES * STEP_BP];
    [b">big\n".as_slice(), &bases, b"\n"].concat()
}

#[test]
fn records_that_waited_for_the_reference_are_compared_all_the_same() -> Result<()> {
    let sample = SAMPLE as usize;
    let refused = run_starved(&vcf(LOOK_AHEAD, 'C', sample), &fasta());
    let error = refused.expect_err("the variants are of another build");
    assert_eq!(error.code(), ErrorCode::InputWindowMismatch);
    let (run, repeated) = run_starved(&vcf(LOOK_AHEAD, 'A', sample), &fasta())?;
    assert!(repeated > SAMPLE / 5, "only {repeated} records waited");
    assert_eq!(run.intake().compared(), SAMPLE);
    assert_eq!(run.summary()?.records, (LOOK_AHEAD + sample) as u64);
    Ok(())
}

/// A small reference, and records of it: scored, skipped, malformed, multi-allelic.
const SMALL: &str = ">1\nACGTACGTACGTACGTACGTACGTACGTACGT\n";
const RECORDS: &str = "1\t1\t.\tA\tC,<DEL>,G\t.\t.\t.\n1\tx\t.\tA\tC\t.\t.\t.\n\
    1\t2\t.\tC\tT\t.\t.\t.\n1\t3\t.\tG\tT\t.\t.\t.\n1\t4\t.\tA\tC\t.\t.\t.\n";

fn small() -> Result<Reference<FastaReference<&'static [u8]>>> {
    let fasta = FastaReference::open(SMALL.as_bytes(), None, None, "ref.fa")?;
    Ok(Reference::new(fasta))
}

/// What is handed on, as text; batches are answered last first, and the input comes byte by byte.
fn run_reversed(selection: Selection) -> Result<(Vec<String>, Run<u64>)> {
    let text = format!("{HEADER}{RECORDS}");
    let (mut bytes, mut reference) = (text.bytes(), small()?);
    let mut run = Run::new(intake(selection), placer(), 2);
    let (mut batches, mut rows) = (Vec::new(), Vec::new());
    let mut failure = None;
    loop {
        match run.next(&mut reference) {
            Ok(RunStep::Needs(Need::Input)) => match bytes.next() {
                Some(byte) => run.intake_mut().push(&[byte])?,
                None => run.intake_mut().end(),
            },
            Ok(RunStep::Needs(Need::Reference)) => panic!("the reference is there"),
            Ok(RunStep::Batch(batch)) => batches.push(batch),
            Ok(RunStep::Wait) => {
                let batch = batches.pop().expect("a batch that is waited for");
                let positions = batch.candidates.iter().map(|one| one.edit.pos().get());
                run.complete(batch.ticket, positions.collect(), &by())?;
            }
            Ok(RunStep::Again) => {}
            Ok(RunStep::Done) => break,
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    while let Some(delivery) = run.deliver() {
        rows.push(match delivery {
            Delivery::Malformed { row, .. } => format!("{row} malformed"),
            Delivery::Record(record) => {
                let outcome = |outcome: &Outcome<u64>| match outcome {
                    Outcome::Scored(answer) => answer.to_string(),
                    Outcome::Skipped(reason) => reason.to_string(),
                };
                let outcomes: Vec<_> = record.outcomes.iter().map(outcome).collect();
                format!("{} {}", record.first_row, outcomes.join(","))
            }
        });
    }
    failure.map_or(Ok(()), |error| {
        rows.push(error.code().to_string());
        Ok::<_, Error>(())
    })?;
    Ok((rows, run))
}

#[test]
fn everything_comes_back_in_input_order_and_is_counted_once() -> Result<()> {
    let (rows, run) = run_reversed(Selection::default())?;
    let mismatch = SkipReason::RefMismatch;
    let wanted = [
        "0 1,symbolic,1".to_owned(),
        "3 malformed".to_owned(),
        "4 2".to_owned(),
        "5 3".to_owned(),
        format!("6 {mismatch}"),
    ];
    assert_eq!(rows, wanted);
    let tally = run.summary()?;
    assert_eq!((tally.records, tally.malformed), (4, 1));
    assert_eq!((tally.alleles, tally.scored), (6, 4));
    assert_eq!(tally.backends.get("none"), Some(&4));
    let read = (HEADER.len() + RECORDS.len()) as u64;
    assert_eq!(run.progress().input_bytes, read);
    Ok(())
}

#[test]
fn an_error_of_the_input_comes_after_what_was_before_it() -> Result<()> {
    let strict = Selection {
        strict: true,
        ..Selection::default()
    };
    assert_eq!(
        run_reversed(strict)?.0,
        ["0 1,symbolic,1", "INPUT.VCF_PARSE"]
    );
    Ok(())
}

#[test]
fn records_are_selected_by_place_and_by_what_they_hold() -> Result<()> {
    let selection = Selection {
        regions: Some(Regions::parse("1:2-3")?),
        filter: Some(RecordFilter {
            passes: |record, least| record.alternates.len() as f64 >= least,
            least: 1.0,
        }),
        ..Selection::default()
    };
    let (rows, run) = run_reversed(selection)?;
    assert_eq!(rows, ["0 malformed", "1 2", "2 3"]);
    assert_eq!((run.tally().outside, run.tally().filtered), (2, 0));
    assert!(run.summary().is_ok());
    Ok(())
}

#[test]
fn answers_that_were_not_asked_for_are_refused() -> Result<()> {
    let mut reference = small()?;
    let mut run = Run::new(intake(Selection::default()), placer(), 2);
    run.intake_mut()
        .push(format!("{HEADER}{RECORDS}").as_bytes())?;
    run.intake_mut().end();
    let RunStep::Batch(batch) = run.next(&mut reference)? else {
        panic!("a batch is due");
    };
    assert!(run.complete(batch.ticket + 1, vec![(); 2], &by()).is_err());
    assert!(run.complete(batch.ticket, vec![(); 1], &by()).is_err());
    assert!(run.complete(batch.ticket, vec![(); 2], &by()).is_ok());
    Ok(())
}

/// All batches of a run over `records` in batches of `size`, with nothing answered.
fn batches(records: &str, size: usize) -> Result<(Run<u64>, Vec<CandidateBatch>)> {
    let mut reference = small()?;
    let mut run = Run::new(intake(Selection::default()), placer(), size);
    run.intake_mut()
        .push(format!("{HEADER}{records}").as_bytes())?;
    run.intake_mut().end();
    let mut batches = Vec::new();
    loop {
        match run.next(&mut reference)? {
            RunStep::Batch(batch) => batches.push(batch),
            RunStep::Again => {}
            _ => return Ok((run, batches)),
        }
    }
}

/// Two thousand letters took gigabytes, for all alleles of a site were computed at once.
#[test]
fn one_site_was_one_batch_however_many_alleles_it_had() -> Result<()> {
    let site = "1\t1\t.\tA\tC,G,T,AC,AG,AT,AA,<DEL>,ACC\t.\t.\t.\n";
    let (mut run, batches) = batches(&format!("{RECORDS}{site}{RECORDS}"), 3)?;
    assert!(batches.iter().all(|batch| batch.candidates.len() < 6));
    assert_eq!(batches.len(), 5);
    // The last batch is answered first, and each by another device.
    for batch in batches.into_iter().rev() {
        let edits = batch.candidates.iter();
        let answers = edits.map(|one| one.edit.alternate().len() as u64);
        let by = ScoredBy {
            backend: "none".to_owned(),
            device: batch.ticket.to_string(),
        };
        run.complete(batch.ticket, answers.collect(), &Arc::new(by))?;
    }
    let mut site = None;
    let mut row = 0;
    while let Some(delivery) = run.deliver() {
        let first = match delivery {
            Delivery::Malformed { row, .. } => row..row + 1,
            Delivery::Record(record) => {
                let rows = record.first_row..record.first_row + record.outcomes.len() as u64;
                if record.outcomes.len() == 9 {
                    site = Some(record);
                }
                rows
            }
        };
        assert_eq!(first.start, row, "rows follow each other");
        row = first.end;
    }
    let site = site.expect("the site of nine alleles");
    let lengths: Vec<u64> = site
        .outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Scored(length) => **length,
            Outcome::Skipped(_) => 0,
        })
        .collect();
    assert_eq!(lengths, [1, 1, 1, 2, 2, 2, 2, 0, 3]);
    let devices: Vec<&str> = site.by.iter().map(|by| by.device.as_str()).collect();
    assert_eq!(devices, ["1", "1", "1", "2", "2", "2", "3", "3"]);
    assert_eq!(run.summary()?.backends.get("none"), Some(&16));
    Ok(())
}

/// Rows of a stretch without a score were all kept until the input's next bytes were needed.
#[test]
fn malformed_records_were_kept_up_to_the_end_of_the_bytes() -> Result<()> {
    let mut reference = small()?;
    let mut run: Run<()> = Run::new(intake(Selection::default()), placer(), 4);
    let text = format!("{HEADER}{}", "1\tx\t.\tA\tC\t.\t.\t.\n".repeat(20_000));
    run.intake_mut().push(text.as_bytes())?;
    run.intake_mut().end();
    let mut most = 0;
    while !matches!(run.next(&mut reference)?, RunStep::Done) {
        let delivered = std::iter::from_fn(|| run.deliver()).count();
        most = most.max(delivered);
    }
    assert_eq!(run.tally().malformed, 20_000);
    assert!(most <= 64, "{most} rows waited");
    Ok(())
}

/// What waits for its scores was counted in batches, however long their lines.
#[test]
fn lines_that_wait_for_their_scores_had_no_limit() -> Result<()> {
    let line = format!("1\t1\t.\tA\tC\t.\t.\t{}\n", "x".repeat(1 << 20));
    let (run, batches) = batches(&line.repeat(100), 32)?;
    assert!(
        (60..70).contains(&run.tally().records),
        "{}",
        run.tally().records
    );
    assert!(batches.iter().all(|batch| batch.candidates.len() <= 4));
    Ok(())
}

#[test]
fn a_long_walk_to_the_left_outlives_the_pages_that_it_read() -> Result<()> {
    // Over 34 pages, of which four are held.
    let records = "big\t9000000\t.\tAA\tA\t.\t.\t.\nbig\t9100000\t.\tA\tAA\t.\t.\t.\n";
    let (run, repeated) = run_starved(&format!("{HEADER}{records}"), &fasta())?;
    assert_eq!(run.summary()?.scored, 2);
    assert!(
        (30..50).contains(&repeated),
        "{repeated} pages were brought"
    );
    Ok(())
}

#[test]
fn alternates_of_one_record_are_placed_by_what_each_of_them_changes() -> Result<()> {
    let record = "1\t5\t.\tACGTACGTACGTACGTACGTA\tGCGTACGTACGTACGTACGTA,ACGTACGTACGTACGTACGTC,\
        ACGTACGTACGTACGTA,GCGTACGTACGTACGTACGTA\t.\t.\t.\n\
        1\t5\t.\tACGTACGTACGTACGTACGTC\tGCGTACGTACGTACGTACGTC,<DEL>\t.\t.\t.\n";
    let (_, batches) = batches(record, 8)?;
    let edits: Vec<String> = batches
        .iter()
        .flat_map(|batch| &batch.candidates)
        .map(|candidate| candidate.edit.to_string())
        .collect();
    assert_eq!(edits, ["1:5:A:G", "1:25:A:C", "1:1:ACGTA:A"]);
    Ok(())
}
