//! Enums whose variants have stable names.

/// Gives an enum its list `ALL`, its names by `as_str` and `Display`, and the way back, `by_name`.
/// The first comment is that of `as_str`.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident: $($variant:ident = $text:expr),+ $(,)?) => {
        impl $name {
            /// Every one, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            $(#[$doc])*
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The one of this name, exactly.
            #[must_use]
            pub fn by_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == name)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
