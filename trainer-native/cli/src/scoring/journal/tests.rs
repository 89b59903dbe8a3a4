use super::*;
use genolewm_core::context::GenomicContext;
use genolewm_core::position::BpOffset;
use genolewm_core::surprise::SurpriseResult;
use genolewm_core::window::window_from_slice;
use std::io::Write;

type Tested = std::result::Result<(), Box<dyn std::error::Error>>;

fn candidates(pos: u64) -> Result<Vec<Candidate>> {
    let window = Arc::new(window_from_slice(
        &"ACGT".repeat(9),
        BpOffset(100),
        None,
        4096,
    )?);
    let edit = |pos: u64| {
        let edit = format!("chr1:{pos}:A:T").parse()?;
        Ok::<_, Error>(Candidate::new(edit, Arc::clone(&window)))
    };
    Ok(vec![edit(pos)?, edit(pos + 4)?])
}

fn scored(candidates: &[Candidate], raw: f64) -> Vec<Scored> {
    let score = |candidate: &Candidate| Scored {
        edit: candidate.edit.clone(),
        result: SurpriseResult {
            sigma_raw: raw,
            sigma_calibrated: 0.5,
            bucket_id: "*".to_owned(),
            confidence: 1.0,
            low_confidence: false,
        },
        displacement: raw / 3.0,
        window: Arc::clone(&candidate.window),
        context: GenomicContext::default(),
        effect: None,
    };
    candidates.iter().map(score).collect()
}

fn head(regions: &str) -> Head {
    Head {
        run: RunIdentity::from([("--regions".to_owned(), regions.to_owned())]),
        command: "genolewm score".to_owned(),
        begun: "2026-01-01T00:00:00Z".to_owned(),
    }
}

fn open(path: &Path, resume: bool, regions: &str) -> Result<Journal> {
    let mut terminal = Terminal::new(std::io::sink(), std::io::sink());
    Journal::open(path.to_owned(), resume, head(regions), &mut terminal)
}

/// A journal of `batches` batches of two alleles.
fn filled(path: &Path, batches: u64) -> Result<()> {
    let journal = open(path, false, "1")?;
    for batch in 0..batches {
        let batch = candidates(101 + 8 * batch)?;
        journal.keep(&batch_key(&batch), &scored(&batch, 1.0 / 3.0));
    }
    Ok(())
}

fn found(journal: &Journal, batch: u64) -> Result<Option<Vec<Distances>>> {
    let batch = candidates(101 + 8 * batch)?;
    Ok(journal.find(&batch_key(&batch), batch.len()))
}

#[test]
fn answers_come_back_to_the_bit() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.journal");
    filled(&path, 3)?;
    let journal = open(&path, true, "1")?;
    assert_eq!(
        (journal.alleles(), journal.begun()),
        (6, "2026-01-01T00:00:00Z")
    );
    let third = 1.0_f64 / 3.0;
    let want = Distances::new(third, third / 3.0)?;
    assert_eq!(found(&journal, 1)?, Some(vec![want; 2]));
    assert_eq!(
        found(&journal, 3)?,
        None,
        "nothing is known of another batch"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(path.metadata()?.permissions().mode() & 0o777, 0o600);
    }
    Ok(())
}

/// Whatever a crash or a disk makes of it: what is found is what was kept, or nothing.
#[test]
fn a_damaged_journal_gives_no_wrong_answer() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.journal");
    filled(&path, 4)?;
    let whole = fs::read(&path)?;
    let third = 1.0_f64 / 3.0;
    let right = vec![Distances::new(third, third / 3.0)?; 2];
    let mut lost = 0;
    for at in 0..whole.len() {
        for damaged in [
            whole.get(..at).unwrap_or_default().to_vec(),
            whole
                .iter()
                .enumerate()
                .map(|(i, b)| if i == at { b ^ 0x40 } else { *b })
                .collect(),
        ] {
            fs::write(&path, damaged)?;
            // Where the start is damaged it is no journal, or one of nothing.
            let Ok(journal) = open(&path, true, "1") else {
                continue;
            };
            for batch in 0..4 {
                let found = found(&journal, batch)?;
                lost += u64::from(found.is_none());
                assert!(found.is_none_or(|found| found == right), "{at}");
            }
        }
    }
    assert!(lost > 0, "no damage was met");
    Ok(())
}

#[test]
fn what_follows_a_torn_frame_is_written_over() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.journal");
    filled(&path, 3)?;
    let whole = fs::read(&path)?;
    fs::write(&path, whole.get(..whole.len() - 7).unwrap_or_default())?;
    let journal = open(&path, true, "1")?;
    assert_eq!((journal.alleles(), found(&journal, 2)?), (4, None));
    let batch = candidates(101 + 16)?;
    journal.keep(&batch_key(&batch), &scored(&batch, 1.0 / 3.0));
    drop(journal);
    assert_eq!(fs::read(&path)?, whole);
    Ok(())
}

#[test]
fn frames_of_another_journal_are_none_of_this_one() -> Tested {
    let folder = tempfile::tempdir()?;
    let (one, other) = (
        folder.path().join("1.journal"),
        folder.path().join("2.journal"),
    );
    filled(&one, 2)?;
    drop(open(&other, false, "2")?);
    let mut bytes = fs::read(&one)?;
    let mine = fs::read(&other)?;
    bytes.drain(..mine.len());
    fs::OpenOptions::new()
        .append(true)
        .open(&other)?
        .write_all(&bytes)?;
    assert_eq!(open(&other, true, "2")?.alleles(), 0);
    Ok(())
}

#[test]
fn another_run_is_refused_by_what_differs() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.journal");
    filled(&path, 1)?;
    let error = open(&path, true, "2").err().ok_or("the run is another")?;
    assert!(error.message().contains("--regions differs"), "{error}");
    assert!(error.remedy().is_some());
    assert_eq!(open(&path, true, "1")?.alleles(), 2, "it is as it was");
    Ok(())
}

/// A run that starts anew by mistake loses nothing.
#[test]
fn what_was_kept_is_put_aside() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.journal");
    filled(&path, 2)?;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut terminal = Terminal::new(&mut out, &mut err);
    let anew = Journal::open(path.clone(), false, head("1"), &mut terminal)?;
    assert_eq!((anew.alleles(), old_name(&path).is_file()), (0, true));
    Journal::close(Some(anew), &Ok(Status::Interrupted), &mut terminal);
    drop(terminal);
    let told = String::from_utf8(err)?;
    assert!(
        told.contains("keeps 4 alleles") && told.contains("--resume"),
        "{told}"
    );
    // It scored nothing, so the older one is back.
    let journal = open(&path, true, "1")?;
    assert_eq!((journal.alleles(), old_name(&path).exists()), (4, false));
    let mut terminal = Terminal::new(std::io::sink(), std::io::sink());
    Journal::close(Some(journal), &Ok(Status::Done), &mut terminal);
    assert_eq!(fs::read_dir(folder.path())?.count(), 0);
    Ok(())
}

#[test]
fn files_that_are_no_journals_are_left_alone() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("diary.journal");
    fs::write(&path, "Dear diary")?;
    for resume in [false, true] {
        assert!(open(&path, resume, "1").is_err());
    }
    assert_eq!(fs::read(&path)?, b"Dear diary");
    Ok(())
}

#[cfg(unix)]
#[test]
fn two_runs_into_one_output_are_not_mixed() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.journal");
    filled(&path, 1)?;
    let first = open(&path, true, "1")?;
    let second = open(&path, true, "1").err().ok_or("it is taken")?;
    assert_eq!(second.code(), ErrorCode::ResourceGeneric);
    drop(first);
    assert!(open(&path, true, "1").is_ok());
    Ok(())
}

#[test]
fn a_file_is_known_by_its_content() -> Tested {
    let folder = tempfile::tempdir()?;
    let (one, other) = (folder.path().join("1.vcf"), folder.path().join("2.vcf"));
    fs::write(&one, "same")?;
    fs::write(&other, "same")?;
    let identity = |path: &Path| run_identity::value_identity(&path.display().to_string());
    assert_eq!(identity(&one)?, identity(&other)?);
    fs::write(&other, "sane")?;
    assert_ne!(identity(&one)?, identity(&other)?);
    Ok(())
}
