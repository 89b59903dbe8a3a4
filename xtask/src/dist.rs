//! A release's archive for one system: `target/dist/genolewm-VERSION-TARGET.tar.gz` with all
//! programs, completions and man pages, and its SHA-256 beside it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::files::{self, fault};
use crate::{command, wasm};

const PROGRAMS: [&str; 3] = ["genolewm", "genolewm-train", "genolewm-network"];
const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];
const PAGES: [&str; 3] = ["CHANGELOG.md", "LICENSE", "README.md"];

/// Builds and packs for a target, this machine's own where none is named. The program is run to
/// write completions and man pages, so this machine must be able to.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<String, String> {
    let target = match arguments {
        [] => host(root)?,
        [target] => target.clone(),
        _ => return Err("dist takes a target or nothing".to_owned()),
    };
    let build = [
        "build",
        "--release",
        "--locked",
        "--package",
        "genolewm-cli",
        "--package",
        "genolewm-network",
        "--target",
        &target,
    ];
    command::run("cargo", &build, root)?;
    let built = wasm::target_folder(root).join(&target).join("release");
    let name = format!("genolewm-{}-{target}", env!("CARGO_PKG_VERSION"));
    let dist = wasm::target_folder(root).join("dist");
    let folder = dist.join(&name);
    let _ = fs::remove_dir_all(&folder);
    gather(root, &built, &folder)?;
    let archive = dist.join(format!("{name}.tar.gz"));
    pack(&folder, &name, &archive)?;
    let sum = checksum(&archive).map_err(|e| fault(&archive, &e))?;
    Ok(format!("{} has SHA-256 {sum}", archive.display()))
}

/// The target that rustc builds for by itself.
fn host(root: &Path) -> Result<String, String> {
    let text = command::output("rustc", &["-vV"], root)?;
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned)
        .ok_or_else(|| "rustc -vV names no host".to_owned())
}

/// Puts together what the archive holds.
fn gather(root: &Path, built: &Path, folder: &Path) -> Result<(), String> {
    let (completions, man) = (folder.join("completions"), folder.join("man"));
    for new in [&completions, &man] {
        fs::create_dir_all(new).map_err(|e| fault(new, &e))?;
    }
    let programs = PROGRAMS.map(|name| built.join(name));
    let programs = programs.map(|path| {
        let windows = path.with_extension("exe");
        if windows.exists() { windows } else { path }
    });
    for from in programs
        .iter()
        .cloned()
        .chain(PAGES.map(|page| root.join(page)))
    {
        let to = folder.join(from.file_name().unwrap_or_default());
        fs::copy(&from, &to).map_err(|e| fault(&from, &e))?;
    }
    for shell in SHELLS {
        let path = completions.join(format!("genolewm.{shell}"));
        let out = File::create(&path).map_err(|e| fault(&path, &e))?;
        ask(&programs[0], &[shell.into()], out.into())?;
    }
    ask(&programs[0], &["--man".into(), man.into()], Stdio::null())
}

/// Runs `genolewm completions`.
fn ask(program: &Path, arguments: &[OsString], out: Stdio) -> Result<(), String> {
    let mut genolewm = Command::new(program);
    genolewm.args(["completions", "--quiet", "--no-banner"]);
    genolewm.args(arguments).stdout(out);
    match genolewm.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{} completions: {status}", program.display())),
        Err(e) => Err(fault(program, &e)),
    }
}

/// The folder as one archive: the same bytes from the same files.
fn pack(folder: &Path, name: &str, archive: &Path) -> Result<(), String> {
    let files = files::below(folder, |_| true)?;
    let write = || {
        let gzip = GzEncoder::new(File::create(archive)?, Compression::best());
        let mut tar = tar::Builder::new(gzip);
        tar.mode(tar::HeaderMode::Deterministic);
        for file in &files {
            let inside = file.strip_prefix(folder).unwrap_or(file);
            tar.append_path_with_name(file, Path::new(name).join(inside))?;
        }
        tar.into_inner()?.finish()?.sync_all()
    };
    write().map_err(|e| fault(archive, &e))
}

/// Writes the archive's SHA-256 beside it, as `sha256sum --check` reads it.
fn checksum(archive: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(archive)?.read_to_end(&mut bytes)?;
    let digest = Sha256::digest(&bytes);
    let sum: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    fs::write(
        archive.with_extension("gz.sha256"),
        format!("{sum}  {name}\n"),
    )?;
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_make_the_same_archive_and_its_checksum_is_told() {
        let scratch = std::env::temp_dir().join(format!("genolewm-dist-{}", std::process::id()));
        let folder = scratch.join("files");
        fs::create_dir_all(folder.join("man")).unwrap();
        fs::write(folder.join("b"), "two").unwrap();
        fs::write(folder.join("man/a"), "one").unwrap();
        let archives = ["x.tar.gz", "y.tar.gz"].map(|name| scratch.join(name));
        let sums = archives.each_ref().map(|archive| {
            pack(&folder, "name", archive).unwrap();
            checksum(archive).unwrap()
        });
        assert_eq!(sums[0], sums[1]);
        let told = fs::read_to_string(scratch.join("x.tar.gz.sha256")).unwrap();
        assert_eq!(told, format!("{}  x.tar.gz\n", sums[0]));
        let unpacked = flate2::read::GzDecoder::new(File::open(&archives[0]).unwrap());
        let mut tar = tar::Archive::new(unpacked);
        let names = tar.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            entry.path().unwrap().display().to_string()
        });
        assert_eq!(names.collect::<Vec<_>>(), ["name/b", "name/man/a"]);
        fs::remove_dir_all(scratch).unwrap();
    }
}
