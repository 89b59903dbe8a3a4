/** What comes of scoring: rows and their accounts. */

import type { BackendName } from "./model.js";

/** What an allele does to a transcript: terms of the Sequence Ontology, the most severe first. */
export type ConsequenceTerm =
  | "transcript_ablation"
  | "splice_acceptor_variant"
  | "splice_donor_variant"
  | "stop_gained"
  | "frameshift_variant"
  | "stop_lost"
  | "start_lost"
  | "inframe_insertion"
  | "inframe_deletion"
  | "missense_variant"
  | "protein_altering_variant"
  | "splice_region_variant"
  | "incomplete_terminal_codon_variant"
  | "stop_retained_variant"
  | "synonymous_variant"
  | "coding_sequence_variant"
  | "5_prime_UTR_variant"
  | "3_prime_UTR_variant"
  | "non_coding_transcript_exon_variant"
  | "intron_variant"
  | "non_coding_transcript_variant"
  | "upstream_gene_variant"
  | "downstream_gene_variant"
  | "intergenic_variant";

/** What every row has. */
export interface RowBase {
  /** Number of the allele in the input, from 0. */
  readonly index: number;
  /** Line of the input, from 1. */
  readonly line: number;
  readonly contig: string;
  /** Counts from 1; 0 is the telomere. */
  readonly pos: number;
  readonly id: string | null;
  readonly ref: string;
  readonly alt: string;
  /** The gene that annotation names, else the file. */
  readonly gene: string | null;
  /** The transcript of which the consequence is told, where annotation was given and one is near. */
  readonly transcript?: string;
  /**
   * What the allele does there, where annotation was given: {@link ConsequenceTerm}s between `&`, the most
   * severe first, such as `missense_variant&splice_region_variant`.
   */
  readonly consequence?: string;
  /** How many copies the one person has whose alleles are scored; null for several, or unknown. */
  readonly zygosity: "heterozygous" | "homozygous" | "hemizygous" | null;
  /** The annotated VCF record, on the first row of a record, when it was asked for. */
  readonly record?: string;
  /** Its bytes, where the file's are not UTF-8: write `recordBytes ?? record`, and a line end. */
  readonly recordBytes?: Uint8Array;
}

/** An allele with a score. */
export interface ScoredRow extends RowBase {
  readonly status: "scored";
  /** Distance between the predicted and the encoded edited state. */
  readonly sigmaRaw: number;
  /** Percentile among common variants of its kind, in the same kind of context, 0 to 1. */
  readonly sigmaCalibrated: number;
  /** `1 - cos(prediction, reference state)`. */
  readonly displacement: number;
  /**
   * The calibration bucket: `region|gc|repeat` or a part of it, after a kind of edit such as `del_1bp` where
   * the model's table tells kinds, or `*`.
   */
  readonly bucketId: string;
  /** Confidence in the bucket, 0 to 1. */
  readonly confidence: number;
  readonly lowConfidence: boolean;
  /** Whether it lies in a repeat, by the reference's lower case; null where that marks none. */
  readonly repeat: "masked" | "unmasked" | null;
  /** The edit that was scored, `contig:pos:ref:alt`, where it is another spelling than the file's. */
  readonly scoredAs?: string;
  /** 0-based offset of the window on its contig. */
  readonly windowStart: number;
  /** The row as the JSONL format has it. */
  readonly json: string;
  /** The receipt as a line of JSON, when it was asked for. */
  readonly receipt?: string;
}

/** Why an allele has no score. The list is closed; the same reasons as the command-line program's. */
export type SkipReason =
  | "symbolic"
  | "breakend"
  | "overlapping_deletion"
  | "missing_alt"
  | "non_acgt"
  | "too_long"
  | "same_as_ref"
  | "duplicate_allele"
  | "not_carried"
  | "no_call"
  | "indel_code"
  | "no_reference_allele"
  | "contig_unknown"
  | "other_mitochondrion"
  | "out_of_contig"
  | "reference_n"
  | "ref_mismatch";

/** An allele without a score. */
export interface SkippedRow extends RowBase {
  readonly status: "skipped";
  /** `malformed` is a record that was not understood. */
  readonly reason: SkipReason | "malformed";
  /** The reason as a sentence; of `ref_mismatch` with the bases that the reference has. */
  readonly description: string;
}

/** One allele of the input. */
export type Row = ScoredRow | SkippedRow;

/** The accounts of a run: `alleles === scored + skipped`, `records === sites + outside`. */
export interface ScoreSummary {
  readonly records: number;
  /** Records outside `regions`. */
  readonly outside: number;
  /** Records that were not understood; each has a skipped row, and is in no other count. */
  readonly malformed: number;
  readonly alleles: number;
  readonly scored: number;
  readonly skipped: number;
  /** Skipped alleles by reason. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Backends that scored, with the alleles that each did. */
  readonly backends: Readonly<Partial<Record<BackendName, number>>>;
  readonly modelId: string;
}

/** A run over a file: rows in input order, then a summary. */
export interface ScoreStream extends AsyncIterable<Row> {
  /** Rows in batches, as they are made: cheaper than one by one. */
  batches(): AsyncIterable<readonly Row[]>;
  /**
   * Settles when every row was taken; rejects as the iteration does. Awaited alone, it lets the run go
   * on without a reader.
   */
  readonly summary: Promise<ScoreSummary>;
  /** The header lines of an annotated VCF, known before the first row. */
  readonly vcfHeader: Promise<string>;
  /** The same as the bytes of a file: lines that are not UTF-8 keep theirs. */
  readonly vcfHeaderBytes: Promise<Uint8Array>;
}
