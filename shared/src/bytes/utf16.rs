//! UTF-16, as spreadsheets save text: turned into UTF-8 in a stream.

/// How many first characters tell UTF-16 that has no byte-order mark.
const TOLD_BY: usize = 16;

/// The text of a file that is read whole, without its byte-order mark: UTF-8 or UTF-16. `None` for another
/// encoding.
///
/// ```
/// use genolewm_core::bytes::decoded;
/// assert_eq!(decoded(b"\xef\xbb\xbfa: 1".to_vec()).as_deref(), Some("a: 1"));
/// assert_eq!(decoded(b"\xff\xfea\0:\0".to_vec()).as_deref(), Some("a:"));
/// assert_eq!(decoded(b"\xe9".to_vec()), None);
/// ```
#[must_use]
pub fn decoded(bytes: Vec<u8>) -> Option<String> {
    let text = match Utf16::detect(&bytes) {
        Some(mut decoder) => {
            let mut text = Vec::with_capacity(bytes.len());
            decoder.decode(&bytes, &mut text);
            decoder.decode(&[], &mut text);
            text
        }
        None => bytes,
    };
    let mut text = String::from_utf8(text).ok()?;
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Some(text)
}

/// A decoder that takes bytes in pieces of any size.
pub(super) struct Utf16 {
    unit: fn([u8; 2]) -> u16,
    /// The first byte of a unit whose second has not come.
    odd: Option<u8>,
    /// The first half of a pair whose second has not come.
    high: Option<u16>,
}

impl Utf16 {
    /// Told by the byte-order mark, or by ASCII in which every other byte is 0.
    pub(super) fn detect(head: &[u8]) -> Option<Self> {
        let by = |unit| Self {
            unit,
            odd: None,
            high: None,
        };
        let is_text = |unit: fn([u8; 2]) -> u16| {
            let mut units = head.chunks_exact(2).take(TOLD_BY).map(|pair| match pair {
                [first, second] => unit([*first, *second]),
                _ => 0,
            });
            head.len() >= 4 && units.all(|unit| matches!(unit, 9 | 10 | 13 | 32..=126))
        };
        if head.starts_with(b"\xff\xfe") || is_text(u16::from_le_bytes) {
            Some(by(u16::from_le_bytes))
        } else if head.starts_with(b"\xfe\xff") || is_text(u16::from_be_bytes) {
            Some(by(u16::from_be_bytes))
        } else {
            None
        }
    }

    /// Appends the text of the next bytes to `text`; none mean the end.
    pub(super) fn decode(&mut self, bytes: &[u8], text: &mut Vec<u8>) {
        let is_end = bytes.is_empty() && (self.odd.take().is_some() || self.high.is_some());
        let mut units = Vec::with_capacity(bytes.len() / 2 + 2);
        units.extend(self.high.take());
        for byte in bytes {
            match self.odd.take() {
                Some(first) => units.push((self.unit)([first, *byte])),
                None => self.odd = Some(*byte),
            }
        }
        if !bytes.is_empty() && matches!(units.last(), Some(0xd800..=0xdbff)) {
            self.high = units.pop();
        }
        let chars = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
        let cut = is_end.then_some(char::REPLACEMENT_CHARACTER);
        for c in chars.chain(cut) {
            text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_size_are_one_text() {
        let text = "# rsid\tchromosome\u{e9}\u{1f9ec}\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [little, big] {
            for size in 1..7 {
                let mut decoder = Utf16::detect(&bytes).unwrap();
                let mut out = Vec::new();
                bytes
                    .chunks(size)
                    .for_each(|part| decoder.decode(part, &mut out));
                decoder.decode(&[], &mut out);
                assert_eq!(String::from_utf8(out).unwrap(), text);
            }
        }
        assert!(Utf16::detect(b"# rsid\tchromosome").is_none());
        assert!(Utf16::detect(b"").is_none());
    }
}
