//! A user's token: read from the environment, sent to the one server that it is for, and shown nowhere.

use super::address::Address;
use genolewm_core::{Error, ErrorCode, Result};
use std::fmt;

/// The variable that holds it, as in Hugging Face's own tools.
const VARIABLE: &str = "HF_TOKEN";

/// A token, and the server that may see it.
#[derive(Clone)]
pub struct Token {
    header: String,
    server: Address,
}

impl Token {
    /// The token of the environment, where there is one.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` for one that is none, which is not shown.
    pub fn from_environment(server: &Address) -> Result<Option<Self>> {
        let Some(value) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        let text = value.to_str().map(str::trim).unwrap_or_default();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::new(
                ErrorCode::ConfigGeneric,
                format!("{VARIABLE} holds no token"),
            )
            .with_remedy("set it to letters and digits without spaces, or unset it"));
        }
        Ok(Some(Self {
            header: format!("Bearer {text}"),
            server: server.clone(),
        }))
    }

    /// What is sent to an address: nothing, if it is of another server.
    #[must_use]
    pub(super) fn header_for(&self, address: &Address) -> Option<&str> {
        self.server.same_origin(address).then_some(&self.header)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
