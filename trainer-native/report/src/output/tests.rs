//! Tests named after what was wrong.

#![allow(clippy::unwrap_used)]

use super::*;
use std::fs::{self, Permissions};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::process::Command;

type Done = std::result::Result<(), Box<dyn std::error::Error>>;

fn names(folder: &Path) -> Vec<String> {
    let name =
        |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().to_string_lossy().into_owned();
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// `eval --output-metrics /dev/null`, run by root, put a file where the device was.
#[test]
fn a_device_was_replaced_by_a_file() -> Done {
    let directory = tempfile::tempdir()?;
    let pipe = directory.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status()?.success());
    let named = directory.path().join("link");
    symlink(&pipe, &named)?;
    let read = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read(pipe)
    });
    write_atomically(&named, b"figures")?;
    assert!(pipe.metadata()?.file_type().is_fifo());
    assert!(named.is_symlink());
    assert_eq!(read.join().expect("the reader ends")?, b"figures");
    Ok(())
}

#[test]
fn a_link_was_replaced_and_what_it_led_to_stayed_old() -> Done {
    let directory = tempfile::tempdir()?;
    let (folder, link) = (directory.path().join("a"), directory.path().join("link"));
    fs::create_dir(&folder)?;
    symlink("second", directory.path().join("first"))?;
    symlink("a/target", directory.path().join("second"))?;
    symlink(directory.path().join("first"), &link)?;
    for text in [&b"new"[..], b"newer"] {
        write_atomically(&link, text)?;
        assert!(link.is_symlink());
        assert_eq!(fs::read(folder.join("target"))?, text);
    }
    assert_eq!(names(&folder), ["target"]);
    assert_eq!(names(directory.path()), ["a", "first", "link", "second"]);
    symlink("round", directory.path().join("round"))?;
    assert!(write_atomically(&directory.path().join("round"), b"").is_err());
    Ok(())
}

#[test]
fn everybody_could_read_what_was_written() -> Done {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("folder/scores");
    write_atomically(&path, b"private")?;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&directory.path().join("folder")), 0o700);
    // Who could read it before can after.
    for before in [0o640, 0o444, 0o666] {
        fs::set_permissions(&path, Permissions::from_mode(before))?;
        write_atomically(&path, b"again")?;
        assert_eq!(mode(&path), before);
    }
    Ok(())
}

#[test]
fn a_file_without_a_name_takes_that_of_another_or_a_free_one() -> Done {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("file");
    for (index, named) in [false, true, false, true].into_iter().enumerate() {
        let text = index.to_string();
        let mut file = StagedFile::begin(path.clone(), None, named)?;
        file.write_all(text.as_bytes())?;
        assert_eq!(
            file.partial.path().is_some(),
            named || !cfg!(target_os = "linux")
        );
        file.commit()?;
        assert_eq!(fs::read_to_string(&path)?, text);
        let file = StagedFile::begin(path.clone(), None, named)?;
        assert!(!file.commit_new()?);
        let other = directory.path().join("other");
        assert!(StagedFile::begin(other.clone(), None, named)?.commit_new()?);
        fs::remove_file(other)?;
        assert_eq!(names(directory.path()), ["file"]);
    }
    // A folder keeps its name, and nothing is left beside it.
    let folder = directory.path().join("folder");
    fs::create_dir(&folder)?;
    for named in [false, true] {
        assert!(
            StagedFile::begin(folder.clone(), None, named)?
                .commit()
                .is_err()
        );
        assert_eq!(names(directory.path()), ["file", "folder"]);
    }
    Ok(())
}

#[test]
fn a_killed_run_left_hidden_files_for_ever() -> Done {
    let directory = tempfile::tempdir()?;
    let left = directory.path().join(".partial-genolewm-AbCdEf");
    let theirs = directory.path().join(".partial-notes");
    fs::write(&left, "half")?;
    fs::write(&theirs, "of somebody else")?;
    // One that is written now is locked, by whichever process.
    let live = directory.path().join(".partial-genolewm-GhIjKl");
    let writer = File::create(&live)?;
    writer.lock()?;
    StagedFile::create(&directory.path().join("out"))?.commit()?;
    assert!(!left.exists() && theirs.exists() && live.exists());
    let (file, name) = StagedFile::create_named(&directory.path().join("out"))?;
    assert!(File::options().write(true).open(&name)?.try_lock().is_err());
    // What a signal does to those of this process.
    remove_hidden();
    assert!(!name.exists());
    drop(file);
    assert_eq!(
        names(directory.path()),
        [".partial-genolewm-GhIjKl", ".partial-notes", "out"]
    );
    Ok(())
}

#[test]
fn an_old_file_stays_itself_until_the_new_one_is_whole() -> Done {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("file");
    fs::write(&path, "old")?;
    let inode = fs::metadata(&path)?.ino();
    let mut file = StagedFile::create(&path)?;
    file.write_all(b"new")?;
    file.settle()?;
    drop(file);
    assert_eq!(
        (fs::read(&path)?, fs::metadata(&path)?.ino()),
        (b"old".to_vec(), inode)
    );
    assert_eq!(names(directory.path()), ["file"]);
    Ok(())
}

/// Every write to this device fails as on a full disk.
#[test]
fn a_full_disk_is_told_as_one() {
    let error = write_atomically(Path::new("/dev/full"), b"figures").unwrap_err();
    assert_eq!(error.code(), ErrorCode::ResourceDiskFull);
}
