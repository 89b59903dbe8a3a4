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
        let object = Object::new();
        let set = |object: &Object, key: &str, value: JsValue| {
            // Setting a property of a fresh plain object cannot fail.
            let _ = Reflect::set(object, &key.into(), &value);
        };
        let details = Object::new();
        for (key, value) in error.details() {
            set(&details, key, value.into());
        }
        set(&object, "name", "GenoLeWMError".into());
        set(&object, "code", error.code().to_string().into());
        set(&object, "message", error.message().into());
        set(&object, "details", details.into());
        set(&object, "remediation", text_or_null(error.remedy()));
        let location = error.location().map_or(JsValue::NULL, |at| {
            let place = Object::new();
            let number = |value: Option<u64>| value.map_or(JsValue::NULL, |n| (n as f64).into());
            set(&place, "file", at.file.as_str().into());
            set(&place, "line", number(at.line));
            set(&place, "column", number(at.column));
            set(&place, "text", text_or_null(at.text.as_deref()));
            place.into()
        });
        set(&object, "location", location);
        object.into()
    }
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
