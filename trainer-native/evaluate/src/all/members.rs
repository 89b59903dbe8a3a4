//! Reading members of JSON that may be absent.

use genolewm_core::provenance::Json;

/// A member of an object.
pub(super) fn member<'a>(value: &'a Json, key: &str) -> Option<&'a Json> {
    value.as_object()?.get(key)
}

/// A finite number.
pub(super) fn number(value: &Json, key: &str) -> Option<f64> {
    member(value, key)?
        .as_f64()
        .filter(|value| value.is_finite())
}

/// A whole number from 0.
pub(super) fn count(value: &Json, key: &str) -> Option<u64> {
    match member(value, key)? {
        Json::Integer(digits) => digits.parse().ok(),
        _ => None,
    }
}

/// A text; empty where there is none.
pub(super) fn text<'a>(value: &'a Json, key: &str) -> &'a str {
    member(value, key)
        .and_then(Json::as_str)
        .unwrap_or_default()
}

/// The items of a list; none where there is no list.
pub(super) fn list<'a>(value: &'a Json, key: &str) -> &'a [Json] {
    match member(value, key) {
        Some(Json::Array(items)) => items,
        _ => &[],
    }
}

/// Two bounds under their keys.
pub(super) fn bounds(value: &Json, [low, high]: [&str; 2]) -> Option<[f64; 2]> {
    Some([number(value, low)?, number(value, high)?])
}

/// Pairs of numbers.
pub(super) fn points(value: &Json, key: &str) -> Vec<(f64, f64)> {
    let pair = |point: &Json| match point {
        Json::Array(pair) => match pair.as_slice() {
            [x, y] => x.as_f64().zip(y.as_f64()),
            _ => None,
        },
        _ => None,
    };
    list(value, key).iter().filter_map(pair).collect()
}
