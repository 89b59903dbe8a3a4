//! How much of anything a reader takes: every limit of every reader, so that no input can exhaust
//! memory or time. `docs/limits.md` lists them with their reasons, and `cargo xtask docs` holds the
//! two together.
//!
//! A limit stands far above what real files hold and low enough that an input of 10 MB, packed or
//! not, keeps the program under 400 MB. What exceeds one is refused with an error that names it.

/// The longest line of a text file, in bytes. A site of half a million samples takes about 25 MB.
pub const MAX_LINE_BYTES: usize = 32 << 20;

/// The longest line of an annotation, list or table, in bytes.
pub const MAX_LISTED_LINE_BYTES: usize = 4 << 20;

/// The longest header line of a VCF that is looked into; longer ones are only kept.
pub const MAX_HEADER_LINE_BYTES: usize = 1 << 20;

/// Header lines of a VCF, blank ones included. The human assembly with all its pieces has 3,366
/// contigs.
pub const MAX_HEADER_LINES: usize = 1 << 18;

/// Bytes of all header lines of a VCF: most of them are names of samples.
pub const MAX_HEADER_BYTES: usize = 32 << 20;

/// Columns of a raw-data table.
pub const MAX_COLUMNS: usize = 256;

/// Alternate alleles of one record. A file of 4,000 is scored; sites of real files have tens.
pub const MAX_ALTERNATES: usize = 1 << 12;

/// The last position that a record, region or annotation may name, far beyond every chromosome's
/// end; sums of positions never come near the range of a 64-bit number.
pub const MAX_POSITION: u64 = 1 << 40;

/// Warnings of one reader that are kept; further ones are counted.
pub const MAX_WARNINGS: usize = 100;

/// Bytes that one variant of a JSON list may take.
pub const MAX_JSON_VARIANT_BYTES: usize = 1 << 20;

/// Operations of a pickle: a checkpoint of a few hundred tensors has some ten thousand.
pub const MAX_PICKLE_OPERATIONS: usize = 1_000_000;

/// Nesting of JSON and YAML, so that no input can exhaust the stack.
pub const MAX_NESTING: usize = 64;

/// Values of a YAML document, or of a configuration in TOML or JSON, each as often as an alias repeats it.
pub const MAX_YAML_VALUES: usize = 1 << 16;

/// Bytes of a YAML document, or of a configuration in TOML or JSON, and of its texts as often as an
/// alias repeats them.
pub const MAX_YAML_BYTES: usize = 1 << 20;

/// Digits of a whole number in JSON, as in Python, whose conversion beyond this is quadratic.
pub const MAX_INTEGER_DIGITS: usize = 4_300;

/// Bytes of a file that is read whole and is no table and no weights: a manifest, a configuration,
/// a tokenizer's file, a report.
pub const MAX_DOCUMENT_BYTES: usize = 16 << 20;

/// Bytes of a file of weights in the package: a module's memory ends at 4 GiB, and holds more than the
/// file. Natively they are as large as they are.
pub const MAX_WEIGHTS_BYTES: usize = 2_048 << 20;

/// Bytes of the table of contents of a file of weights. That of 30,000 tensors takes some 3 MB.
pub const MAX_WEIGHTS_HEADER_BYTES: usize = 8 << 20;

/// Dimensions of a tensor. Those of models have four at most.
pub const MAX_TENSOR_DIMENSIONS: usize = 16;

/// Bases of a model's window and of the scale of its positions: ten times the longest
/// context that models of DNA are run with.
pub const MAX_WINDOW_BP: usize = 1 << 20;

/// Bases that a model's window has at least: an allele and some tokens on either side of it.
pub const MIN_WINDOW_BP: usize = 96;

/// Any one width of a model: of states, heads and feed-forwards, rows of its vocabulary.
pub const MAX_MODEL_WIDTH: usize = 1 << 24;

/// Layers of an encoder.
pub const MAX_ENCODER_LAYERS: usize = 1 << 12;

/// Numbers of the table of rotary positions: tokens of a window times the width of a head.
pub const MAX_ROTARY_NUMBERS: usize = 1 << 26;

/// Bytes of one frame of a run's journal: the answers to a batch of four million alleles.
pub const MAX_JOURNAL_FRAME_BYTES: usize = 64 << 20;

/// Bytes of a contig's name in a reference.
pub const MAX_CONTIG_NAME_BYTES: usize = 64 << 10;

/// Contigs of a reference. The human assembly with all its pieces has 3,366.
pub const MAX_CONTIGS: usize = 1 << 18;

/// Bytes of the names of all contigs of a reference.
pub const MAX_CONTIG_NAMES_BYTES: usize = 16 << 20;

/// Bytes of a reference's index. That of the blocks of a genome of 100 Gb takes 25 MB.
pub const MAX_INDEX_BYTES: usize = 64 << 20;

/// Blank lines and comments in a row among the records of a file of variants.
pub const MAX_BLANK_LINES: usize = 1 << 20;

/// Memory of the records that are read ahead, to be compared with the reference.
pub const MAX_LOOK_AHEAD_BYTES: usize = 16 << 20;

/// Memory of the records of one batch, after which it is scored however few alleles it has.
pub const MAX_BATCH_BYTES: usize = 4 << 20;

/// Memory of the records of all batches that wait for their scores, after which nothing is read.
pub const MAX_WAITING_BYTES: usize = 64 << 20;

/// Rows of windows that all threads run at once through the encoder, or as many as each thread runs of
/// windows with one edit.
pub const MAX_ROWS_IN_WORK: usize = 8_192;

/// Alleles of a batch: `--batch-size`.
pub const MAX_BATCH_ALLELES: usize = 4_096;

/// Threads that score, and batches that are in work at once.
pub const MAX_THREADS: usize = 1_024;

/// Memory of what is kept of one file of annotation, repeats, hold-outs or lists, in any case.
pub const MAX_HELD_BYTES: usize = 96 << 20;

/// How often the size of its file it may be beyond that.
pub const MAX_HELD_FOLD: usize = 8;

/// Bytes that a packed file of training or evaluation may have in any case once it is unpacked.
pub const MAX_UNPACKED_BYTES: usize = 64 << 20;

/// How often its own size a packed file may have beyond that. Annotation packs thirtyfold.
pub const MAX_UNPACKED_FOLD: usize = 64;

/// How often the size of its file the sequence of a packed file of sequences may have beyond that. A
/// genome packs fourfold; of an unknown base, which packs to nearly nothing, [`UNKNOWN_BP_PER_BYTE`] count
/// as one.
pub const MAX_SEQUENCE_FOLD: usize = 16;

/// Unknown bases that count as one known one: a reference in which a gene alone is known packs
/// two-hundredfold.
pub const UNKNOWN_BP_PER_BYTE: usize = 64;

/// Bases of one record of a packed file of sequences, unknown ones included, in any case. The longest
/// human chromosome has 249 million.
pub const MAX_PACKED_RECORD_BP: usize = 256 << 20;

/// Exons, or coding parts, of one transcript. Titin has 363.
pub const MAX_EXONS: usize = 1 << 12;

/// Spliced bases of one transcript. The longest human ones have about 350,000.
pub const MAX_TRANSCRIPT_BP: u64 = 1 << 22;

/// Bases of all transcripts that lie around one variant.
pub const MAX_TRANSCRIPTS_BP: usize = 1 << 26;

/// Rows of an array file, which are held to be sorted; the largest arrays have two million sites.
pub const MAX_ARRAY_ROWS: usize = 5_000_000;

/// Bytes of a ZIP archive, which is held in memory; a company's file takes about 10 MB.
pub const MAX_ARCHIVE_BYTES: usize = 64 << 20;

/// Files in a ZIP archive.
pub const MAX_ARCHIVE_FILES: usize = 1_000;

/// Bytes of a file in a ZIP archive, unpacked.
pub const MAX_ARCHIVED_FILE_BYTES: u64 = 8 << 30;

/// How many times as large a file in a ZIP archive may become; text of genotypes grows fivefold.
pub const MAX_INFLATION: u64 = 200;

/// Bases of a motif that a plan must not make. Sites of restriction enzymes have up to 20.
pub const MAX_MOTIF_BP: usize = 256;

/// Edits of one sequence of a plan, and its rounds.
pub const MAX_PLAN_HORIZON: usize = 1 << 10;

/// Candidates of one round of a plan, all of which are held.
pub const MAX_PLAN_SAMPLES: usize = 1 << 20;

/// Bytes of the footer of a Parquet file. One of 1,000 row groups of 20 columns takes 4 MB.
pub const MAX_PARQUET_FOOTER_BYTES: usize = 6 << 20;

/// Columns and groups of columns in the schema of a Parquet file.
pub const MAX_PARQUET_SCHEMA: usize = 1 << 12;

/// Names of all columns of a Parquet file, each with those of the groups around it.
pub const MAX_PARQUET_NAMES_BYTES: usize = 8 << 20;

/// Memory in any case of the pages of a Parquet file that are open at once: one and the dictionary
/// of each column.
pub const MAX_PAGES_BYTES: usize = 64 << 20;

/// How often the size of its file it may be beyond that.
pub const MAX_PAGES_FOLD: usize = 4;

/// A text in a Parquet table of variants.
pub const MAX_CELL_BYTES: usize = 1 << 20;

/// Numbers of the states in a group of rows of a window cache in any case, and values of a row of JSON
/// lines.
pub const MAX_STATES_NUMBERS: usize = 1 << 21;

/// Bytes of a line of measured states, or of an example of a rollout: 66 states of 32,000 numbers. It
/// may have as many numbers as [`MAX_STATES_NUMBERS`].
pub const MAX_STATES_LINE_BYTES: usize = 48 << 20;

/// Memory of the variants of one file with what is known of each, in any case.
pub const MAX_VARIANTS_BYTES: usize = 16 << 20;

/// How often the size of its file it may be beyond that. A variant of ClinVar takes some 200 bytes,
/// and 12 in a shard.
pub const MAX_VARIANTS_FOLD: usize = 24;

/// Bytes of one file that is fetched. The largest that Hugging Face takes has 50 GB.
pub const MAX_FETCHED_FILE_BYTES: u64 = 64 << 30;

/// Bytes of all files of one fetch, which the user is asked about before.
pub const MAX_FETCHED_BYTES: u64 = 4 << 40;

/// Files of a release or a repository that is fetched.
pub const MAX_FETCHED_FILES: usize = 100_000;

/// Bytes of one page of a repository's list of files, or of what is said about it.
pub const MAX_LISTING_BYTES: usize = 64 << 20;

/// Redirects in a row that are followed.
pub const MAX_REDIRECTS: usize = 5;

/// How often something is asked for in a row without anything coming of it.
pub const MAX_FETCH_ATTEMPTS: usize = 5;
