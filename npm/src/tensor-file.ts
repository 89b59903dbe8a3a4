/** As much of the safetensors format as tells how long a file is. */

import { MAX_WEIGHTS_HEADER_BYTES } from "./limits.js";

/** Bytes before the table of contents: its length. */
const PREFIX_BYTES = 8;

/** The size of the file that begins so: undefined while too little is there, null where it is none. */
export function tensorFileSize(begun: Uint8Array): number | null | undefined {
  if (begun.length < PREFIX_BYTES) return undefined;
  const prefix = new DataView(begun.buffer, begun.byteOffset, PREFIX_BYTES);
  const header = Number(prefix.getBigUint64(0, true));
  if (header > MAX_WEIGHTS_HEADER_BYTES) return null;
  const start = PREFIX_BYTES + header;
  if (begun.length < start) return undefined;
  const end = lastByte(begun.subarray(PREFIX_BYTES, start));
  return end === null ? null : start + end;
}

/** Where the last tensor of a table of contents ends. */
function lastByte(table: Uint8Array): number | null {
  try {
    const entries = JSON.parse(new TextDecoder().decode(table)) as Record<string, unknown>;
    const ends = Object.entries(entries)
      .filter(([name]) => name !== "__metadata__")
      .map(([, tensor]) => (tensor as { data_offsets: readonly number[] }).data_offsets[1]);
    const last = ends.reduce<number>((most, end) => Math.max(most, Number(end)), 0);
    return Number.isSafeInteger(last) ? last : null;
  } catch {
    return null;
  }
}
