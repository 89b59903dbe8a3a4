/** How variants are scored. */

import type { Notice, Progress } from "./calls.js";
import type { AlleleForm } from "./edits.js";
import type { FileLike } from "./files.js";
import type { ReferenceInput } from "./reference.js";

/** How the distances of several views become one; of one view all make the same. */
export type Aggregation = "mean" | "max" | "median" | "state_mean";

/** Among what variants are ranked. */
export interface RankOptions {
  /** The region that they lie in: a class, or terms such as `missense_variant`. */
  region?: string;
  /** The repeat that they lie in: a class, or terms such as `LINE/L1`. */
  repeat?: string;
  /** Background variants that a bucket needs, 1000 unless told; smaller ones give way to wider ones. */
  minBucketSize?: number;
  /**
   * The model's views that are computed: `"all"`, unless told; `"fast"`, the first alone; or a list such
   * as `"+0,-2"`. The percentiles of other views than the model's have low confidence.
   */
  views?: string;
  /** As the model says unless told. */
  aggregation?: Aggregation;
}

/** How one variant is scored. */
export interface ScoreVariantOptions extends RankOptions {
  /** The bases around the edit, with the 0-based offset of the first on its contig. */
  window?: { readonly bases: string; readonly start: number };
  /** Or a reference, from which they are cut. */
  reference?: ReferenceInput;
  /**
   * Transcripts, GFF3 or GTF, plain or gzip: rows name gene, transcript and consequence, and percentiles
   * are among variants in the same class of region. It is read into memory, once for each call; for an edit
   * on a reference.
   */
  annotation?: FileLike;
  /** The form in which the edit is scored. */
  alleles?: AlleleForm;
  /** Whether the result carries a receipt. */
  receipt?: boolean;
  /** Stops. */
  signal?: AbortSignal;
}

/** How a file of variants is scored. */
export interface ScoreVcfOptions extends RankOptions {
  /** The reference on which the variants were called. */
  reference: ReferenceInput;
  /**
   * Transcripts, GFF3 or GTF, plain or gzip: rows name gene, transcript and consequence, and percentiles
   * are among variants in the same class of region. It is read into memory, once for each call.
   */
  annotation?: FileLike;
  /** `"chr17:41196312-41277500,chrX"`: 1-based, both ends included. */
  regions?: string;
  /**
   * Only what these samples of a VCF carry. Without it what at least one sample carries; where a
   * file has no genotypes, everything.
   */
  sample?: string | readonly string[];
  /** Every allele of the file, carried or not. */
  allAlleles?: boolean;
  /** The file inside, where the input is a ZIP archive with several. */
  member?: string;
  /** The form in which alleles are scored. */
  alleles?: AlleleForm;
  /** Alleles in one call of the model; 32 unless told. */
  batchSize?: number;
  /** Whether rows carry receipts. */
  receipts?: boolean;
  /** Whether rows carry the annotated VCF record. */
  annotate?: boolean;
  /** Stops within one batch; what was yielded stays valid. */
  signal?: AbortSignal;
  /** Told after every batch. */
  onProgress?: (progress: Progress) => void;
  /** Told of warnings and fall-backs. */
  onNotice?: (notice: Notice) => void;
}
