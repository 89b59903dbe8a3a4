//! Closed lists whose members files and settings call by name.

/// Writes and reads a type by the names that its `as_str` gives to each of its `ALL`; the closure
/// makes the error for a text that is none of them.
macro_rules! named {
    ($type:ty, $unknown:expr) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = genolewm_core::Error;

            fn from_str(text: &str) -> genolewm_core::Result<Self> {
                let unknown: fn(&str) -> genolewm_core::Error = $unknown;
                let found = Self::ALL.into_iter().find(|known| known.as_str() == text);
                found.ok_or_else(|| unknown(text))
            }
        }
    };
}
pub(crate) use named;
