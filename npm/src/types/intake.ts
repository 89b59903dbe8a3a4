/** Files of variants before they are scored. */

import type { CallOptions } from "./calls.js";
import type { AssemblyGuess, ReferenceInput } from "./reference.js";

/** How a file is looked at; `sample` and `allAlleles` as `scoreVcf` has them. */
export interface InspectOptions extends CallOptions {
  sample?: string | readonly string[];
  allAlleles?: boolean;
  /** The file inside, where it is a ZIP archive with several: `details.members` of the error lists them. */
  member?: string;
}

/** What a file of variants is, before anything is scored. */
export interface Inspection {
  /** `vcf`, `23andme`, `ancestry`, `myheritage`, `familytreedna`, `livingdna`, `sequencing`, `table`. */
  readonly format: string;
  /** How people call it. */
  readonly formatName: string;
  /** What told the format. */
  readonly evidence: string;
  readonly compression: "plain" | "gzip" | "bgzip" | "zip";
  readonly assembly: AssemblyGuess | null;
  /** The samples of a VCF. Names of people: keep them where the file is. */
  readonly samples: readonly string[];
  readonly records: number;
  /** Alleles that can be scored if the reference agrees; array rows count once. */
  readonly candidates: number;
  /** Alleles that will be skipped, by reason, as far as the file alone tells. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly malformed: number;
  /** Records, and alleles among them that can be scored, by contig in the file's order. */
  readonly contigs: readonly {
    readonly name: string;
    readonly records: number;
    readonly candidates: number;
  }[];
  readonly warnings: readonly string[];
}

/** Whose raw data a file is. */
export type RawFormat =
  | "23andme"
  | "ancestry"
  | "myheritage"
  | "familytreedna"
  | "livingdna"
  | "sequencing";

/** Where it lies, counted from 1, and which bases the reference has there. */
export type ReferenceAllele = readonly [contig: string, pos: number, allele: string];

/** How an array file is turned into VCF; with one of `reference` and `referenceAlleles`. */
export interface ImportOptions {
  /** Where the reference alleles come from. */
  reference?: ReferenceInput;
  /** Or the alleles themselves. */
  referenceAlleles?: Iterable<ReferenceAllele>;
  /** Whose file it is; told by its content unless given. */
  format?: RawFormat;
  /** The sample's name in the VCF. */
  sampleId?: string;
  /** The file inside, where the input is a ZIP archive with several. */
  member?: string;
  /** Stops. */
  signal?: AbortSignal;
}

/** A VCF made of an array file. */
export interface ImportResult {
  readonly vcf: string;
  readonly recordsWritten: number;
  readonly refCallsSkipped: number;
  readonly noCallsSkipped: number;
  readonly unsupportedSkipped: number;
  /** Rows that were not understood. */
  readonly malformedSkipped: number;
  /** What is odd about the file, with the first rows that were not understood. */
  readonly warnings: readonly string[];
}
