import type { Reference } from "@genolewm/runtime";

/**
 * The form in which names of contigs are compared: `chr17` and `NC_000017.11` are `17`, `chrM` and `M`
 * are `MT`. The runtime takes the same names for the same (`common_form` in `shared`); where the page
 * took fewer, its plan said that nothing could be scored.
 */
export function plainContig(name: string): string {
  const bare = name.replace(/^chr(?=.)/i, "").toUpperCase();
  const refseq = /^NC_(\d{6})\.\d+$/.exec(bare)?.[1];
  if (refseq !== undefined) return REFSEQ.get(Number(refseq)) ?? bare;
  return bare === "M" ? "MT" : bare;
}

/** Chromosomes by the number in their RefSeq accession; the mitochondrion has had two. */
const REFSEQ: ReadonlyMap<number, string> = new Map([
  ...Array.from({ length: 22 }, (_, i): [number, string] => [i + 1, String(i + 1)]),
  [23, "X"],
  [24, "Y"],
  [12920, "MT"],
  [1807, "MT"],
]);

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

/** Why one of several regions, as {@link parseRegions} gives them, lies nowhere on a reference. */
export function whyNowhere(
  regions: string,
  { contigs }: Pick<Reference, "contigs">,
): string | undefined {
  const known = new Map(contigs.map(({ name, lengthBp }) => [plainContig(name), lengthBp]));
  for (const region of regions.split(",").filter((region) => region !== "")) {
    const { contig, first } = parseStretch(region) ?? { contig: region, first: 1 };
    const lengthBp = known.get(plainContig(contig ?? region));
    if (lengthBp === undefined) return `The reference has no chromosome ${contig}. ${NO_PLACES}`;
    if (first > lengthBp) return `${region} lies beyond the end of the chromosome.`;
  }
  return undefined;
}

const NO_PLACES = "Genes and rs numbers are no places: write chr17:41196312-41277500.";

function number(text: string): number {
  return Number(text.replace(/[,._\s]/g, ""));
}
