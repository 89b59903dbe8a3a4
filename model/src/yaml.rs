//! YAML within limits: an alias may stand for as much as it likes, and so may what repeats it. TOML and
//! JSON are read within the same ones.

use genolewm_core::limits::{MAX_YAML_BYTES, MAX_YAML_VALUES};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_yaml_ng::{Mapping, Value};
use std::cell::Cell;
use std::fmt;

/// Reads a document; an empty one is null.
///
/// # Errors
/// What is wrong with it, in words: no YAML, too large, or far larger once its aliases are followed.
pub fn parse(text: &str) -> Result<Value, String> {
    if text.len() > MAX_YAML_BYTES {
        return Err(format!("it is larger than {} KiB", MAX_YAML_BYTES >> 10));
    }
    read(serde_yaml_ng::Deserializer::from_str(text)).map_err(|error| error.to_string())
}

/// Reads what a document of any format holds, within the limits of YAML but that of its length,
/// which the caller knows.
///
/// # Errors
/// What is wrong with it, or that it holds too much.
pub fn read<'de, D: Deserializer<'de>>(document: D) -> Result<Value, D::Error> {
    let left = Left {
        values: Cell::new(MAX_YAML_VALUES),
        bytes: Cell::new(MAX_YAML_BYTES),
    };
    (&left).deserialize(document)
}

/// What may still come.
struct Left {
    values: Cell<usize>,
    bytes: Cell<usize>,
}

impl Left {
    fn take<E: serde::de::Error>(&self, bytes: usize) -> Result<(), E> {
        let values = self.values.get().checked_sub(1);
        let bytes = self.bytes.get().checked_sub(bytes);
        let (Some(values), Some(bytes)) = (values, bytes) else {
            return Err(E::custom(
                "it holds too much, or aliases repeat it too often",
            ));
        };
        self.values.set(values);
        self.bytes.set(bytes);
        Ok(())
    }

    fn text<E: serde::de::Error>(&self, text: &str) -> Result<Value, E> {
        self.take(text.len())?;
        Ok(Value::String(text.to_owned()))
    }

    fn plain<E: serde::de::Error>(&self, value: impl Into<Value>) -> Result<Value, E> {
        self.take(0)?;
        Ok(value.into())
    }
}

impl<'de> DeserializeSeed<'de> for &Left {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &Left {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without a tag")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Value, E> {
        self.plain(value)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        self.plain(value)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        self.plain(value)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        self.plain(value)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.text(text)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        self.plain(Value::Null)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Value, E> {
        self.plain(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        self.deserialize(from)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        self.take(0)?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Sequence(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        self.take(0)?;
        let mut values = Mapping::new();
        while let Some(key) = map.next_key_seed(self)? {
            if values.contains_key(&key) {
                return Err(A::Error::custom("a key stands twice"));
            }
            let value = map.next_value_seed(self)?;
            values.insert(key, value);
        }
        Ok(Value::Mapping(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_read_as_by_the_crate() {
        for text in [
            "",
            "a: 1\nb: [x, 2.5, -3, null, true, {c: ~}]\nd: &d {e: 'f'}\ng: *d\n",
            "- 0x1f\n- 18446744073709551615\n- .inf\n- |\n  long\n  text\n",
        ] {
            let want: Value = serde_yaml_ng::from_str(text).unwrap();
            assert_eq!(parse(text), Ok(want), "{text}");
        }
        assert!(parse("a: 1\na: 2\n").is_err());
        assert!(parse("[").is_err());
    }

    /// 150 KB became 11 GB.
    #[test]
    fn aliases_were_followed_without_limit() {
        let list = vec!["x"; 1_000].join(",");
        let aliases = vec!["*a"; 1_000].join(",");
        let error = parse(&format!("a: &a [{list}]\nb: [{aliases}]\n")).unwrap_err();
        assert!(error.contains("aliases"), "{error}");
        let long = "x".repeat(10_000);
        assert!(parse(&format!("a: &a {long}\nb: [{aliases}]\n")).is_err());
        assert!(parse(&"x".repeat(MAX_YAML_BYTES + 1)).is_err());
    }
}
