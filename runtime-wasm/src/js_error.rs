//! Errors as JavaScript sees them.

use genolewm_core::Error;
use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

/// What exported functions return.
pub(crate) type JsResult<T> = Result<T, JsError>;

/// An error on its way out: the package makes a `GenoLeWMError` of it.
#[derive(Debug)]
pub struct JsError(pub(crate) Error);

impl From<Error> for JsError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<JsError> for JsValue {
    fn from(JsError(error): JsError) -> Self {
        let details = error.details().iter();
        let details = details.map(|(key, value)| (key.as_str(), value.into()));
        let location = error.location().map_or(JsValue::NULL, |at| {
            let number = |value: Option<u64>| value.map_or(JsValue::NULL, |n| (n as f64).into());
            object([
                ("file", at.file.as_str().into()),
                ("line", number(at.line)),
                ("column", number(at.column)),
                ("text", text_or_null(at.text.as_deref())),
            ])
        });
        object([
            ("name", "GenoLeWMError".into()),
            ("code", error.code().to_string().into()),
            ("message", error.message().into()),
            ("details", object(details)),
            ("remediation", error.advice().into()),
            ("location", location),
        ])
    }
}

/// A plain object.
pub(crate) fn object<'a>(members: impl IntoIterator<Item = (&'a str, JsValue)>) -> JsValue {
    let object = Object::new();
    for (key, value) in members {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&object, &key.into(), &value);
    }
    object.into()
}

fn text_or_null(text: Option<&str>) -> JsValue {
    text.map_or(JsValue::NULL, JsValue::from)
}

/// A call that the caller must not make.
pub(crate) fn misuse(message: &str) -> Error {
    Error::input(message)
        .with_remedy("this is a bug of the calling code; see the package's documentation")
}

/// A JSON value as text for JavaScript.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> JsResult<String> {
    serde_json::to_string(value).map_err(|error| {
        JsError(Error::invariant(format!(
            "a result cannot be written as JSON: {error}"
        )))
    })
}

/// Reads what JavaScript gave as JSON.
pub(crate) fn from_json<'a, T: serde::Deserialize<'a>>(text: &'a str, what: &str) -> JsResult<T> {
    serde_json::from_str(text)
        .map_err(|error| JsError(misuse(&format!("{what} cannot be understood: {error}"))))
}
