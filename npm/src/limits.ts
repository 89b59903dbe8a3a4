/** How much of a file is held in memory. The names and values are those of `docs/limits.md`. */

import { GenoLeWMError } from "./errors.js";

const MIB = 1 << 20;

/** A file of a model that is read whole into text: manifest, configuration, tokenizer. */
export const MAX_DOCUMENT_BYTES = 16 * MIB;

/** A file of weights: a module's memory ends at 4 GiB, and holds more than the file. */
export const MAX_WEIGHTS_BYTES = 2048 * MIB;

/** The table of contents of a file of weights. */
export const MAX_WEIGHTS_HEADER_BYTES = 8 * MIB;

/** Any other file that is held whole: an index, the module, a file whose server knows no ranges. */
export const MAX_INDEX_BYTES = 64 * MIB;

/** What a file of a model may have, by its name. */
export function mostOfModel(name: string): number {
  return /\.(safetensors|parquet)$/.test(name) ? MAX_WEIGHTS_BYTES : MAX_DOCUMENT_BYTES;
}

/** A file beyond its limit. */
export function tooLarge(name: string, most: number): GenoLeWMError {
  return new GenoLeWMError({
    code: "INPUT.GENERIC",
    message: `${name} is larger than ${most / MIB} MiB.`,
    details: { file: name, limitBytes: String(most) },
    remediation: "Check that this is the file that was meant.",
  });
}
