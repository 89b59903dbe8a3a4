//! A VCF that a spreadsheet saved again: quoted lines, delimiters other than tabs, header lines filled
//! up with empty cells.

use super::table::split_quoted;

/// How a spreadsheet wrote a VCF anew.
pub(super) struct Resaved {
    delimiter: char,
}

impl Resaved {
    /// What the start of a file says; `None` for a VCF that is as it was written.
    pub(super) fn detect(head: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(head);
        let mut is_quoted = false;
        for line in text.lines() {
            is_quoted |= line.starts_with('"');
            let line = line.strip_prefix('"').unwrap_or(line);
            let cells = line.ends_with(['\t', ',', ';']) && line.starts_with("##fileformat");
            let delimiter = match line.strip_prefix("#CHROM") {
                Some(rest) => rest.strip_prefix('"').unwrap_or(rest).chars().next(),
                None if cells => line.chars().next_back(),
                None => continue,
            };
            let known = delimiter.filter(|found| matches!(found, '\t' | ',' | ';'));
            return known
                .filter(|found| *found != '\t' || is_quoted || cells)
                .map(|delimiter| Self { delimiter });
        }
        is_quoted.then_some(Self { delimiter: '\t' })
    }

    /// The line as it was before.
    pub(super) fn restore(&self, line: &str) -> String {
        if line.trim_start_matches('"').starts_with("##") {
            let line = line.trim_end_matches(self.delimiter);
            let inner = line
                .strip_prefix('"')
                .and_then(|line| line.strip_suffix('"'));
            return inner.map_or_else(|| line.to_owned(), |inner| inner.replace("\"\"", "\""));
        }
        let fields = split_quoted(line, self.delimiter, usize::MAX);
        let texts: Vec<&str> = fields.iter().map(|field| field.text.as_ref()).collect();
        texts.join("\t")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_header_lines_were_no_header() {
        let head = "##fileformat=VCFv4.2;;\n\"##INFO=<ID=DP,Description=\"\"Depth\"\">\";;\n#CHROM;POS;ID\n";
        let resaved = Resaved::detect(head.as_bytes()).unwrap();
        let restored: Vec<String> = head.lines().map(|line| resaved.restore(line)).collect();
        assert_eq!(
            restored,
            [
                "##fileformat=VCFv4.2",
                "##INFO=<ID=DP,Description=\"Depth\">",
                "#CHROM\tPOS\tID"
            ]
        );
        assert_eq!(resaved.restore("17;5;.;A;\"C,T\""), "17\t5\t.\tA\tC,T");
        let tabs = "##fileformat=VCFv4.2\t\t\n#CHROM\tPOS\tID\n";
        assert!(Resaved::detect(tabs.as_bytes()).is_some());
        let plain = "##fileformat=VCFv4.2\n##x=a,\n#CHROM\tPOS\tID\n";
        assert!(Resaved::detect(plain.as_bytes()).is_none());
    }
}
