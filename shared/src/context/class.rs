//! The three factors of a context, by their stable names.

macro_rules! classes {
    (
        $(#[$doc:meta])* $name:ident, $what:literal;
        $($(#[$variant_doc:meta])* $variant:ident = $id:literal;)+
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        names! {
            /// The name in bucket ids. Annotations are matched in the order of the list.
            $name: $($variant = $id),+
        }

        parse_by_name!($name, concat!("this is no ", $what), "text");
    };
}

classes! {
    /// What part of a gene or genome a variant lies in, the most severe first.
    RegionClass, "region class";
    /// Splice sites and their surroundings.
    Splice = "splice";
    /// Coding, with a lost or truncated protein.
    CodingNonsense = "coding_nonsense";
    /// Coding, with a changed protein.
    CodingMissense = "coding_missense";
    /// Coding, with the same protein.
    CodingSynonymous = "coding_synonymous";
    /// The untranslated start of a transcript.
    Utr5 = "utr5";
    /// The untranslated end of a transcript.
    Utr3 = "utr3";
    /// Promoters and what lies just before a gene.
    Promoter = "promoter";
    /// Enhancers and other regulatory regions.
    Enhancer = "enhancer";
    /// Introns and transcripts that are not translated.
    Intron = "intron";
    /// Between genes.
    Intergenic = "intergenic";
    /// Not annotated, or annotated with terms that are not known here.
    Other = "other";
}

classes! {
    /// How rich in G and C the window is.
    GcBin, "GC bin";
    /// At most a third.
    Low = "low";
    /// Between.
    Mid = "mid";
    /// At least two thirds.
    High = "high";
}

classes! {
    /// What repeat a variant lies in.
    RepeatClass, "repeat class";
    /// In none.
    None = "none";
    /// Short units in tandem.
    Simple = "simple";
    /// Few kinds of bases.
    LowComplexity = "low_complexity";
    /// Mobile elements.
    Transposon = "transposon";
    /// Long copies of other places in the genome.
    SegmentalDup = "segmental_dup";
}
