/** The form in which names of contigs are compared: `chr17` is `17`, `chrM` and `M` are `MT`. */
export function plainContig(name: string): string {
  const bare = name.replace(/^chr/i, "").toUpperCase();
  return bare === "M" ? "MT" : bare;
}

/** A stretch of the genome, 1-based, both ends included. */
export interface Stretch {
  readonly contig: string | null;
  readonly first: number;
  readonly last: number;
}

/**
 * Reads `chr17`, `chr17:41,196,312-41,277,500`, `chr17:41197728`, or positions alone. Undefined for
 * what is none of these.
 */
export function parseStretch(text: string): Stretch | undefined {
  const parts = /^(?:([^\s:]+?):)?\s*([\d,._\s]+?)\s*(?:(?:-|–|\.\.)\s*([\d,._\s]+))?$/.exec(
    text.trim(),
  );
  if (parts === null) {
    return /^[^\s:,-][^\s:,]*$/.test(text.trim())
      ? { contig: text.trim(), first: 1, last: Infinity }
      : undefined;
  }
  const [, contig, first, last] = parts;
  const from = number(first ?? "");
  const to = last === undefined ? from : number(last);
  // A bare small number is a contig rather than a position: `17`.
  if (contig === undefined && last === undefined && from < 100)
    return { contig: text.trim(), first: 1, last: Infinity };
  return from <= to ? { contig: contig ?? null, first: from, last: to } : undefined;
}

/**
 * Reads several regions, and writes them as the runtime wants them: `chr17:1-2,chrX`. Commas part
 * regions, and they part thousands: one before three digits that end a number is the latter.
 * Undefined where one of them is no region.
 */
export function parseRegions(text: string): string | undefined {
  const parts = text
    .replace(/,(?=\d{3}(?![\d:]))/g, "")
    .split(/[,;\s]+/)
    .filter((part) => part !== "");
  const regions = parts.map(parseStretch).map((stretch) => {
    if (stretch === undefined || stretch.contig === null) return undefined;
    return stretch.last === Infinity
      ? stretch.contig
      : `${stretch.contig}:${stretch.first}-${stretch.last}`;
  });
  return regions.includes(undefined) ? undefined : regions.join(",");
}

function number(text: string): number {
  return Number(text.replace(/[,._\s]/g, ""));
}
