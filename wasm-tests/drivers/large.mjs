// A reference of several gigabytes that is nowhere as a whole: a tile of bases, over and over.

const LINE = 60;
const TILE_LINES = 16_384;

/** The bases of the tile, from a fixed seed. */
export function tileBases() {
  let state = 12345;
  // Bytes, since a text that grows by letters takes thirty times its length.
  const bases = new Uint8Array(LINE * TILE_LINES);
  for (let at = 0; at < bases.length; at += 1) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bases[at] = "ACGT".charCodeAt(state >>> 30);
  }
  return new TextDecoder().decode(bases);
}

/**
 * A FASTA of `contigs`, `{name, lengthBp}` with whole lines, as a `RangeSource`, its index, and a
 * count of the bytes that were read.
 */
export function largeReference(contigs) {
  const bases = tileBases();
  const lines = [];
  for (let at = 0; at < bases.length; at += LINE) lines.push(`${bases.slice(at, at + LINE)}\n`);
  const tile = new TextEncoder().encode(lines.join(""));
  const parts = [];
  let offset = 0;
  let fai = "";
  for (const { name, lengthBp } of contigs) {
    if (lengthBp % LINE !== 0) throw new Error("a contig must end with its line");
    const head = new TextEncoder().encode(`>${name}\n`);
    parts.push({ start: offset, head, bytes: (lengthBp / LINE) * (LINE + 1) });
    offset += head.length;
    fai += `${name}\t${lengthBp}\t${offset}\t${LINE}\t${LINE + 1}\n`;
    offset += (lengthBp / LINE) * (LINE + 1);
  }
  const read = { bytes: 0, calls: 0 };
  const source = {
    name: "large.fa",
    size: offset,
    async read(start, length) {
      const end = Math.min(start + length, offset);
      const out = new Uint8Array(Math.max(0, end - start));
      for (const part of parts) copy(part, tile, start, end, out);
      read.bytes += out.length;
      read.calls += 1;
      return out;
    },
  };
  return { source, fai: new TextEncoder().encode(fai), read };
}

/** The same as a `File`, of which the browser holds each piece once. */
export function largeFile(contigs) {
  const bases = tileBases();
  const lines = [];
  for (let at = 0; at < bases.length; at += LINE) lines.push(`${bases.slice(at, at + LINE)}\n`);
  const tile = new Blob([lines.join("")]);
  const parts = [];
  for (const { name, lengthBp } of contigs) {
    parts.push(`>${name}\n`);
    const bytes = (lengthBp / LINE) * (LINE + 1);
    const whole = Math.floor(bytes / tile.size);
    parts.push(...Array(whole).fill(tile), tile.slice(0, bytes - whole * tile.size));
  }
  return new File(parts, "large.fa");
}

/** Copies what a contig has of `start .. end`. */
function copy({ start: first, head, bytes }, tile, start, end, out) {
  const body = first + head.length;
  for (let at = Math.max(start, first); at < Math.min(end, body); at += 1) {
    out[at - start] = head[at - first];
  }
  let at = Math.max(start, body);
  const last = Math.min(end, body + bytes);
  while (at < last) {
    const from = (at - body) % tile.length;
    const piece = tile.subarray(from, Math.min(tile.length, from + last - at));
    out.set(piece, at - start);
    at += piece.length;
  }
}

/** The base at a place of a contig, 0-based. */
export const baseAt = (bases, at) => bases[at % bases.length];
