/**
 * What the figures say, in words for people who never met them. The same words stand in the detail
 * view, in the report and beside the table.
 */

import { ofHundred } from "../format.ts";
import type { ConsequenceTerm, ScoredRow, SkippedRow } from "@genolewm/runtime";

const REGIONS: Readonly<Record<string, string>> = {
  splice: "at a splice site",
  coding_nonsense: "in a gene, cutting its protein short",
  coding_missense: "in a gene, changing its protein",
  coding_synonymous: "in a gene, leaving its protein as it is",
  utr5: "in the untranslated start of a gene",
  utr3: "in the untranslated end of a gene",
  promoter: "in a promoter",
  enhancer: "in a regulatory region",
  intron: "in an intron",
  intergenic: "between genes",
  other: "anywhere (the file does not say what lies here)",
};

const GC: Readonly<Record<string, string>> = {
  low: "few Gs and Cs around",
  mid: "an average share of Gs and Cs around",
  high: "many Gs and Cs around",
};

const REPEATS: Readonly<Record<string, string>> = {
  // Of a table that was made without repeats, too: it says nothing about this place.
  none: "",
  simple: "in a simple repeat",
  low_complexity: "in a stretch of low complexity",
  transposon: "in a mobile element",
  segmental_dup: "in a duplicated segment",
};

const KINDS: Readonly<Record<string, string>> = {
  snv: "exchanges of one base",
  mnv: "exchanges of several bases",
  ins_1bp: "insertions of one base",
  ins_2to5bp: "insertions of two to five bases",
  ins_6bp_up: "insertions of six bases or more",
  del_1bp: "deletions of one base",
  del_2to5bp: "deletions of two to five bases",
  del_6bp_up: "deletions of six bases or more",
  ins: "insertions",
  del: "deletions",
  indel: "insertions and deletions",
};

/** The kind of change that the group is of, as the model's table names it; none of older models. */
function kindOfBucket(bucketId: string): string | undefined {
  return KINDS[bucketId.split("|", 1)[0] ?? ""];
}

function partsOf(bucketId: string) {
  const kind = kindOfBucket(bucketId);
  const [region = "", gc, repeat] = bucketId.split("|").slice(kind === undefined ? 0 : 1);
  return { kind, region, gc, repeat };
}

/** How a percentile ranks a change among common variants of its class, in a sentence. */
export function rankWords(share: number, bucketId: string): string {
  const { kind, region } = partsOf(bucketId);
  const place = region === "other" ? "" : ` ${REGIONS[region] ?? ""}`.trimEnd();
  const peers = `common ${kind ?? "variants"}${place}`;
  if (share >= 1) {
    return `More surprising to the model than any of the ${peers} that it was compared with.`;
  }
  return `More surprising to the model than about ${ofHundred(share)} of 100 ${peers}.`;
}

/** The group of common variants that a change was compared with. */
export function bucketWords(bucketId: string): string {
  if (bucketId === "*") return "all common variants that the model was calibrated with";
  const { kind, region, gc, repeat } = partsOf(bucketId);
  const parts = [
    REGIONS[region] ?? region,
    gc && (GC[gc] ?? gc),
    repeat && (REPEATS[repeat] ?? repeat),
  ];
  return `common ${kind ?? "variants"} ${parts.filter(Boolean).join(", ")}`.trimEnd();
}

/** What a change does to a gene, the most severe first. */
const CONSEQUENCES: Readonly<Record<string, string>> = {
  transcript_ablation: "takes the whole transcript away",
  splice_acceptor_variant: "changes the splice site at the end of an intron",
  splice_donor_variant: "changes the splice site at the start of an intron",
  stop_gained: "cuts the protein short",
  frameshift_variant: "shifts the reading frame of the protein",
  stop_lost: "loses the end of the protein",
  start_lost: "loses the start of the protein",
  inframe_insertion: "adds to the protein without shifting its reading frame",
  inframe_deletion: "takes from the protein without shifting its reading frame",
  missense_variant: "swaps one or more amino acids of the protein for others",
  protein_altering_variant: "changes several amino acids of the protein",
  splice_region_variant: "lies near a splice site",
  incomplete_terminal_codon_variant: "lies where the end of the protein is not known",
  stop_retained_variant: "leaves the end of the protein as it is",
  synonymous_variant: "leaves the protein as it is",
  coding_sequence_variant: "changes coding sequence in a way that is not told apart",
  "5_prime_UTR_variant": "lies before the start of the protein, in what is not translated",
  "3_prime_UTR_variant": "lies behind the end of the protein, in what is not translated",
  non_coding_transcript_exon_variant: "lies in a transcript that makes no protein",
  intron_variant: "lies in an intron, which is cut out",
  non_coding_transcript_variant: "lies in a transcript that makes no protein",
  upstream_gene_variant: "lies before the gene",
  downstream_gene_variant: "lies behind the gene",
  intergenic_variant: "lies between genes",
} satisfies Record<ConsequenceTerm, string>;

const SEVERITY = new Map(Object.keys(CONSEQUENCES).map((term, rank) => [term, rank]));

/** How severe the first of some terms is, 0 the most. */
export function severity(consequence: string): number {
  const [first = ""] = consequence.split("&");
  return SEVERITY.get(first) ?? SEVERITY.size;
}

/** A term as people read it: `splice region` */
export function termWords(term: string): string {
  return term.replace(/_variant$/, "").replaceAll("_", " ");
}

/** What a change does to a gene, in a sentence; undefined where no annotation tells. */
export function consequenceWords(gene: string, consequence: string): string | undefined {
  const [first = ""] = consequence.split("&");
  const what = CONSEQUENCES[first];
  if (what === undefined) return undefined;
  const whose = first === "intergenic_variant" || gene === "" ? "" : `, ${gene}`;
  return `By the annotation${whose}: it ${what}.`;
}

const MASKS: Readonly<Record<string, string>> = {
  masked: "in a repeat, which the reference writes in lower case",
  unmasked: "outside the repeats that the reference writes in lower case",
} satisfies Record<NonNullable<ScoredRow["repeat"]>, string>;

/** Whether a place lies in a repeat, in words. */
export function repeatWords(repeat: string): string {
  return MASKS[repeat] ?? "not known: the reference marks no repeats here";
}

/** How well filled that group is. */
export function confidenceWords(confidence: number, low: boolean): string {
  if (low) return "low: fewer than 100 variants to compare with";
  if (confidence >= 1) return "full: 1,000 variants or more to compare with";
  return `partial: about ${Math.round(confidence * 1000)} variants to compare with`;
}

/** The kind of a change by its alleles. */
export type Kind = "substitution" | "indel";

/** Whether bases are exchanged, or inserted or deleted. */
export function kindOf(ref: string, alt: string): Kind {
  return ref.length === alt.length ? "substitution" : "indel";
}

/** Whether it is an insertion or deletion that was compared with changes of all kinds. */
export function isAmongOthers(ref: string, alt: string, bucketId: string): boolean {
  return kindOf(ref, alt) === "indel" && kindOfBucket(bucketId) === undefined;
}

/** A change in words: `T replaced by C`. */
export function changeWords(ref: string, alt: string): string {
  if (ref.length === alt.length) return `${ref} replaced by ${alt}`;
  if (alt.startsWith(ref)) return `${alt.slice(ref.length)} inserted after ${ref}`;
  if (ref.startsWith(alt)) return `${ref.slice(alt.length)} deleted after ${alt}`;
  return `${ref} replaced by ${alt}`;
}

const COPIES: Readonly<Record<string, string>> = {
  heterozygous: "on one copy",
  homozygous: "on every copy",
  hemizygous: "on the only copy",
} satisfies Record<NonNullable<ScoredRow["zygosity"]>, string>;

/** How many copies a person has of a change, in words; empty where that is not known. */
export function copiesWords(zygosity: string): string {
  return COPIES[zygosity] ?? "";
}

const REASONS: Readonly<Record<string, string>> = {
  symbolic: "names a large change without its bases",
  breakend: "joins two places and is no local change",
  overlapping_deletion: "only marks a deletion that another record describes",
  missing_alt: "the record has no change in it",
  non_acgt: "holds something other than A, C, G and T",
  too_long: "longer than 16 bases",
  same_as_ref: "the same as the reference: no change",
  duplicate_allele: "listed twice",
  not_carried: "not carried, by the genotypes in the file",
  no_call: "the test could not tell",
  indel_code: "an insertion or deletion whose bases the file does not give",
  no_reference_allele: "the file does not say which allele is the reference",
  contig_unknown: "on a chromosome that the reference does not have",
  other_mitochondrion: "the reference has another mitochondrial sequence than the file means",
  out_of_contig: "beyond the end of its chromosome",
  reference_n: "where the reference is not known",
  ref_mismatch: "the reference has other bases there",
  malformed: "not readable",
} satisfies Record<SkippedRow["reason"], string>;

/** A reason for skipping in a few words, for lists in which no row with its own sentence stands. */
export function reasonWords(reason: string): string {
  return REASONS[reason] ?? reason;
}

/** What a percentile means. */
export const MEANS: readonly string[] = [
  "The model read the DNA around this place, predicted how it would look with the change, and then read it with the change. The surprise is the distance between the two.",
  "The percentile ranks that distance among common variants in the same kind of place. At the 97th percentile, 97 of 100 of those surprised the model less.",
];

/** What it does not mean. */
export const MEANS_NOT: readonly string[] = [
  "It does not say that a change is harmful, or that it is harmless. Many harmless changes are surprising, and many harmful ones are not.",
  "The built-in model is small. It often tells the changes it was taught about, at splice sites and stops, from harmless ones, and misses many. Where a change swaps one amino acid for another it does barely better than chance.",
  "It knows nothing about you: not your other variants, your family or your health. Do not change treatment or plans because of it. Talk to a genetic counsellor.",
];

/** What to keep in mind with insertions and deletions that were compared with changes of all kinds. */
export const INDEL_CAUTION =
  "Insertions and deletions shift how the model reads everything after them. They lead the list for that reason alone, so a high percentile says little here.";
