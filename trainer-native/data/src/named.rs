//! Closed lists whose members files and settings call by name.

/// Gives an enum its list `ALL`, its names by `as_str` and `Display`, and the way back, `by_name`. With
/// a closure that makes the error for a text that is none of them, it can be parsed too.
macro_rules! named {
    ($type:ident: $($variant:ident = $name:literal),+) => {
        impl $type {
            /// Every one, in the order of the declaration.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The name in files and settings.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The one of this name, exactly.
            #[must_use]
            pub fn by_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|known| known.as_str() == name)
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
    ($type:ident: $($variant:ident = $name:literal),+; $unknown:expr) => {
        $crate::named::named!($type: $($variant = $name),+);

        impl std::str::FromStr for $type {
            type Err = genolewm_core::Error;

            fn from_str(text: &str) -> genolewm_core::Result<Self> {
                let unknown: fn(&str) -> genolewm_core::Error = $unknown;
                Self::by_name(text).ok_or_else(|| unknown(text))
            }
        }
    };
}
pub(crate) use named;
