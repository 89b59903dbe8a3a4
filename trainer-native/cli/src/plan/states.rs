//! States in files: a list in JSON, or an array of numpy.

use genolewm_core::{Error, Result};
use genolewm_train::files::read_document;
use serde_json::Value;
use std::path::Path;

/// What every .npy file starts with.
const NUMPY: &[u8] = b"\x93NUMPY";

/// Reads a state: a JSON list of numbers, by itself, as the one list of a list or as `state` of an
/// object; or a .npy array of f32 or f64 with one row.
///
/// # Errors
/// `INPUT.GENERIC` for anything else, or a number that is not finite; `RESOURCE.GENERIC` for a file
/// that cannot be read.
pub(super) fn read_state(path: &Path) -> Result<Vec<f32>> {
    parse(&read_document(path)?).map_err(|error| error.with_detail("file", path.display()))
}

fn parse(bytes: &[u8]) -> Result<Vec<f32>> {
    let numbers = match bytes.strip_prefix(NUMPY) {
        Some(array) => numpy(array)?,
        None => json(bytes)?,
    };
    let state: Vec<f32> = numbers.iter().map(|&number| number as f32).collect();
    if state.is_empty() || !state.iter().all(|number| number.is_finite()) {
        return Err(refused(
            "a state is empty or holds a number that is not finite",
        ));
    }
    Ok(state)
}

fn json(bytes: &[u8]) -> Result<Vec<f64>> {
    let not_understood = || refused("a state is not understood");
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| not_understood().with_detail("why", error))?;
    let list = value.get("state").unwrap_or(&value);
    let list = list.as_array().ok_or_else(not_understood)?;
    let list = match list.as_slice() {
        [Value::Array(row)] => row,
        _ => list,
    };
    let numbers: Option<Vec<f64>> = list.iter().map(Value::as_f64).collect();
    numbers.ok_or_else(not_understood)
}

/// The numbers of an array, behind its magic: version, length of the header, header, data.
fn numpy(array: &[u8]) -> Result<Vec<f64>> {
    let damaged = || refused("the .npy file is damaged");
    let (version, rest) = array.split_first_chunk::<2>().ok_or_else(damaged)?;
    let (length, rest) = match version[0] {
        1 => {
            let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(damaged)?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        _ => {
            let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
    };
    let (header, data) = rest.split_at_checked(length).ok_or_else(damaged)?;
    let header = str::from_utf8(header).map_err(|_| damaged())?;
    let count = one_row(header).ok_or_else(|| {
        refused("the .npy array is not one row of numbers").with_detail("header", header.trim())
    })?;
    let numbers: Vec<f64> = match field(header, "descr") {
        Some("<f4") => {
            let (numbers, _) = data.as_chunks::<4>();
            numbers
                .iter()
                .map(|bytes| f64::from(f32::from_le_bytes(*bytes)))
                .collect()
        }
        Some("<f8") => {
            let (numbers, _) = data.as_chunks::<8>();
            numbers
                .iter()
                .map(|bytes| f64::from_le_bytes(*bytes))
                .collect()
        }
        other => {
            return Err(refused("a .npy state is of float32 or float64")
                .with_detail("descr", other.unwrap_or("none")));
        }
    };
    match numbers.len() == count {
        true => Ok(numbers),
        false => Err(damaged()),
    }
}

/// A value of the header, which is a Python dict in text: `{'descr': '<f4', …, 'shape': (32,), }`.
fn field<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = header.split_once(&format!("'{key}':"))?;
    let rest = rest.trim_start();
    let end = match rest.chars().next()? {
        '\'' => return rest[1..].split('\'').next(),
        '(' => rest.find(')')?,
        _ => rest.find([',', '}'])?,
    };
    Some(rest[..end].trim_start_matches('(').trim())
}

/// How many numbers an array has that is a vector, or a matrix of one row.
fn one_row(header: &str) -> Option<usize> {
    let shape = field(header, "shape")?.split(',').map(str::trim);
    let shape: Vec<usize> = shape
        .filter(|size| !size.is_empty())
        .map(|size| size.parse().ok())
        .collect::<Option<_>>()?;
    match shape[..] {
        [count] | [1, count] => Some(count),
        _ => None,
    }
}

fn refused(message: &str) -> Error {
    Error::input(message).with_remedy(
        "give a JSON list of numbers, or a .npy array of float32 or float64 with one row, as wide as \
         the model's states",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let length = (header.len() as u16).to_le_bytes();
        [NUMPY, &[1, 0], &length, header.as_bytes(), data].concat()
    }

    #[test]
    fn states_come_as_lists_and_as_arrays() -> Result<()> {
        let wanted = vec![1.5, -2.0];
        for text in ["[1.5, -2]", "[[1.5, -2.0]]", r#"{"state": [1.5, -2.0]}"#] {
            assert_eq!(parse(text.as_bytes())?, wanted, "{text}");
        }
        let singles = [1.5_f32.to_le_bytes(), (-2_f32).to_le_bytes()].concat();
        let doubles = [1.5_f64.to_le_bytes(), (-2_f64).to_le_bytes()].concat();
        assert_eq!(parse(&npy("<f4", "(2,)", &singles))?, wanted);
        assert_eq!(parse(&npy("<f8", "(1, 2)", &doubles))?, wanted);
        Ok(())
    }

    #[test]
    fn what_is_no_state_is_refused() {
        for text in [
            "",
            "[]",
            "[1, \"a\"]",
            "{}",
            "[[1], [2]]",
            "[1e60]",
            "[[[1]]]",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        let two = [0; 8];
        for bytes in [
            npy("<f4", "(2, 1)", &two),
            npy("<f4", "(3,)", &two),
            npy("<i4", "(2,)", &two),
            npy("<f4", "(2,)", &f32::NAN.to_le_bytes().repeat(2)),
            npy("<f4", "(,", &two),
            npy("<f4", "()", &two[..4]),
            NUMPY.to_vec(),
            [NUMPY, &[1, 0, 255, 255]].concat(),
        ] {
            assert!(parse(&bytes).is_err(), "{bytes:?}");
        }
    }
}
