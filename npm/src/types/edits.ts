/** Edits of a contig, and of a window. */

/**
 * In which form alleles are scored. `canonical` (the default) is the one form of all spellings of a
 * change: trimmed, and left-aligned as `bcftools norm` does. `as-given` takes them as the file has
 * them, like the Python package.
 */
export type AlleleForm = "canonical" | "as-given";

/** An edit: `"chr17:41197728:T:C"`, or its parts. `pos` counts from 1. */
export type Edit =
  | string
  | { readonly contig: string; readonly pos: number; readonly ref: string; readonly alt: string };

/** An edit by its place in a window. `relPos` counts from 0. */
export interface WindowEdit {
  readonly relPos: number;
  readonly ref: string;
  readonly alt: string;
}

/** Bases of a window: from 0, the end excluded. */
export interface WindowStretch {
  readonly start: number;
  readonly end: number;
}
