//! Pieces of a chromosome kept as records of their own.

use genolewm_core::position::{BpOffset, Interval};

/// A record that is a piece of a chromosome, and says so in its name:
/// `<assembly>_<contig>_<first>_<last>`, 1-based and inclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalRecord {
    /// The record's name.
    pub record: String,
    /// The chromosome.
    pub contig: String,
    /// The piece, on the chromosome.
    pub span: Interval,
}

impl LocalRecord {
    /// Reads a name; `None` when it is not of that form.
    ///
    /// ```
    /// use genolewm_data::corpus::local::LocalRecord;
    /// let local = LocalRecord::parse("hg19_chr17_41100001_41300000").expect("a piece");
    /// assert_eq!((local.contig.as_str(), local.span.start.get()), ("chr17", 41_100_000));
    /// ```
    #[must_use]
    pub fn parse(record: &str) -> Option<Self> {
        let mut parts = record.rsplitn(3, '_');
        let last: u64 = parts.next()?.parse().ok()?;
        let first: u64 = parts.next()?.parse().ok()?;
        let (_, contig) = parts.next()?.split_once('_')?;
        let span = Interval::new(BpOffset(first.checked_sub(1)?), BpOffset(last)).ok()?;
        (!contig.is_empty()).then(|| Self {
            record: record.to_owned(),
            contig: contig.to_owned(),
            span,
        })
    }

    /// A record that is a chromosome from its first base on.
    pub(crate) fn whole(record: &str, length_bp: u64) -> Self {
        Self {
            record: record.to_owned(),
            contig: record.to_owned(),
            span: Interval::at(BpOffset(0), length_bp),
        }
    }

    /// What a piece's name says that it is of; `None` of a record that is a chromosome.
    pub(crate) fn assembly(&self) -> Option<&str> {
        let (assembly, _) = self.record.split_once('_')?;
        (self.record != self.contig).then_some(assembly)
    }

    /// A span of the chromosome in the record's coordinates; `None` unless the record holds all of it.
    #[must_use]
    pub fn localise(&self, contig: &str, span: Interval) -> Option<Interval> {
        let inside = self.span.covers(span) && contig == self.contig;
        let start = span.start.since(self.span.start).filter(|_| inside)?;
        Some(Interval::at(start, span.len_bp()))
    }

    /// A base of the record on its chromosome.
    #[must_use]
    pub const fn globalise(&self, offset: BpOffset) -> BpOffset {
        self.span.start.saturating_add(offset.get())
    }
}

/// Fetches a span of a chromosome from records that are chromosomes or pieces of them: the record
/// of that name when there is one, else the first piece that holds the span.
#[must_use]
pub fn fetch_chromosome(
    contig: &str,
    span: Interval,
    pieces: &[LocalRecord],
    fetch: &dyn Fn(&str, Interval) -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    fetch(contig, span).or_else(|| {
        let (piece, local) = pieces
            .iter()
            .find_map(|piece| Some((piece, piece.localise(contig, span)?)))?;
        fetch(&piece.record, local)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_answer_for_their_chromosome() {
        let pieces = [LocalRecord::parse("hg19_chr4_101_200").unwrap()];
        let fetch = |contig: &str, span: Interval| {
            (contig == "hg19_chr4_101_200")
                .then(|| vec![span.start.get() as u8; span.len_bp() as usize])
        };
        let span = |start, end| Interval::new(BpOffset(start), BpOffset(end)).unwrap();
        assert_eq!(
            fetch_chromosome("chr4", span(103, 105), &pieces, &fetch),
            Some(vec![3, 3])
        );
        assert_eq!(
            fetch_chromosome("chr4", span(99, 105), &pieces, &fetch),
            None
        );
        assert_eq!(
            fetch_chromosome("chr5", span(103, 105), &pieces, &fetch),
            None
        );
        assert_eq!(pieces[0].globalise(BpOffset(3)), BpOffset(103));
        for name in [
            "chr4",
            "chr4_1_2",
            "hg19_chr4_0_2",
            "hg19_chr4_9_2",
            "hg19__1_2",
            "NM_078863_up_2000_chr2L_16764737_f",
        ] {
            assert_eq!(LocalRecord::parse(name), None, "{name}");
        }
    }
}
