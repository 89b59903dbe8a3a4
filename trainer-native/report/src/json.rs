//! Serde values as JSON documents, and back without the loss of a digit.

use genolewm_core::provenance::Json;
use genolewm_core::{Error, ErrorCode, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};

/// A document for people too: two blanks a level, members as they are declared, a line break at the
/// end.
///
/// # Errors
/// `INTERNAL.GENERIC` for what JSON cannot hold.
pub fn json_pretty(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(value);
    text.map(|text| text + "\n").map_err(|error| {
        let message = format!("a value cannot be written as JSON: {error}");
        Error::new(ErrorCode::InternalGeneric, message)
    })
}

/// Reads a document with [`Json::parse`]: serde_json's own reader may be off by a number's last digit.
///
/// # Errors
/// `INPUT.GENERIC` with the place for what is not JSON, and for what `T` does not take.
pub fn parse<T: DeserializeOwned>(text: &[u8], name: &str) -> Result<T> {
    typed(&Json::parse(text, name)?).map_err(|error| error.with_detail("file", name))
}

/// A parsed value as a type.
///
/// # Errors
/// `INPUT.GENERIC` for what `T` does not take.
pub fn typed<T: DeserializeOwned>(json: &Json) -> Result<T> {
    serde_json::from_value(value(json))
        .map_err(|error| Error::new(ErrorCode::InputGeneric, format!("not as expected: {error}")))
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(is) => Value::Bool(*is),
        Json::Integer(digits) => digits.parse().map_or(Value::Null, Value::Number),
        Json::Float(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => items.iter().map(value).collect(),
        Json::Object(members) => {
            let members = members.iter();
            Value::Object(
                members
                    .map(|(key, item)| (key.clone(), value(item)))
                    .collect(),
            )
        }
    }
}
