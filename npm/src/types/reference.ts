/** Reference genomes. */

import type { Progress } from "./calls.js";
import type { FileLike } from "./files.js";

/** A reference genome: FASTA (plain or bgzip) or .2bit. */
export interface ReferenceFiles {
  /** The sequence. */
  readonly file: FileLike;
  /** Its `.fai`; built by reading the file through once when absent. */
  readonly fai?: FileLike;
  /** Its `.gzi`, for bgzip; built likewise. */
  readonly gzi?: FileLike;
}

/** A reference as it is given: one file, or one with its indexes. */
export type ReferenceInput = FileLike | ReferenceFiles | Reference;

/** How a reference is opened. */
export interface OpenReferenceOptions {
  /** Told while an index is made, which reads the file through. */
  onProgress?: (progress: Progress) => void;
  /** Stops. */
  signal?: AbortSignal;
}

/** An open reference, to be used by several calls. */
export interface Reference {
  /** Contigs, in the file's order. */
  readonly contigs: readonly { readonly name: string; readonly lengthBp: number }[];
  /** The build by the contigs' lengths, where it can be told. */
  readonly assembly: AssemblyGuess | null;
  /** What is odd about the file, a sentence each: known where it was read through for its index. */
  readonly warnings: readonly string[];
  /** The bases `start .. end` (0-based, end excluded), upper-case. */
  bases(contig: string, start: number, end: number, signal?: AbortSignal): Promise<string>;
  /** Gives its memory back. */
  close(): Promise<void>;
}

/** A genome build and what speaks for it. */
export interface AssemblyGuess {
  /** `GRCh37`, `GRCh38`, … */
  readonly assembly: string;
  /** A phrase. */
  readonly evidence: string;
}
