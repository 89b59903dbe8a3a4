//! Terms of the Sequence Ontology for what a variant does, as Ensembl's VEP uses them.

/// What a variant does to a transcript, the most severe first: VEP's order. Of VEP's terms those for
/// regulation, microRNA, nonsense-mediated decay and structural variants but the first are left out,
/// `start_retained_variant`, and those of release 107 that cut splice regions finer
/// (`splice_donor_5th_base_variant`, `splice_donor_region_variant`,
/// `splice_polypyrimidine_tract_variant`), which ClinVar does not use either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Term {
    /// The whole transcript is deleted.
    TranscriptAblation,
    /// Changes the last two bases of an intron.
    SpliceAcceptor,
    /// Changes the first two bases of an intron.
    SpliceDonor,
    /// A codon becomes a stop.
    StopGained,
    /// An insertion or deletion shifts the reading frame.
    Frameshift,
    /// The stop codon is lost.
    StopLost,
    /// The start codon is lost.
    StartLost,
    /// Bases are inserted between codons, or so that the codons there stay.
    InframeInsertion,
    /// Whole codons' worth of bases is deleted.
    InframeDeletion,
    /// Another amino acid, or as many others.
    Missense,
    /// The protein changes in another way, in frame.
    ProteinAltering,
    /// In an exon 1 to 3 bases from an intron, or in an intron 3 to 8 bases from an exon.
    SpliceRegion,
    /// In the last codon of a transcript whose end is not known.
    IncompleteTerminalCodon,
    /// The stop codon becomes another, or is kept.
    StopRetained,
    /// The same amino acid.
    Synonymous,
    /// In coding sequence, and no more can be said: across its ends, in a codon that the
    /// transcript's start cuts, in an intron too short to be one, or where bases are unknown.
    CodingSequence,
    /// Before the start codon of a coding transcript.
    Utr5,
    /// After its stop codon.
    Utr3,
    /// In an exon of a transcript without coding sequence.
    NonCodingExon,
    /// In an intron, away from its first and last two bases.
    Intron,
    /// In a transcript without coding sequence, outside its exons.
    NonCodingTranscript,
    /// At most 5,000 bases before a transcript.
    Upstream,
    /// At most 5,000 bases after a transcript.
    Downstream,
    /// Further from any transcript.
    Intergenic,
}

names! {
    /// The term.
    Term:
    TranscriptAblation = "transcript_ablation",
    SpliceAcceptor = "splice_acceptor_variant",
    SpliceDonor = "splice_donor_variant",
    StopGained = "stop_gained",
    Frameshift = "frameshift_variant",
    StopLost = "stop_lost",
    StartLost = "start_lost",
    InframeInsertion = "inframe_insertion",
    InframeDeletion = "inframe_deletion",
    Missense = "missense_variant",
    ProteinAltering = "protein_altering_variant",
    SpliceRegion = "splice_region_variant",
    IncompleteTerminalCodon = "incomplete_terminal_codon_variant",
    StopRetained = "stop_retained_variant",
    Synonymous = "synonymous_variant",
    CodingSequence = "coding_sequence_variant",
    Utr5 = "5_prime_UTR_variant",
    Utr3 = "3_prime_UTR_variant",
    NonCodingExon = "non_coding_transcript_exon_variant",
    Intron = "intron_variant",
    NonCodingTranscript = "non_coding_transcript_variant",
    Upstream = "upstream_gene_variant",
    Downstream = "downstream_gene_variant",
    Intergenic = "intergenic_variant",
}
