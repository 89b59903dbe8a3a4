import type { GenoLeWMRuntime, ReferenceFiles } from "@genolewm/runtime";
import { parseStretch } from "../contigs.ts";
import { count, locus } from "../format.ts";

/** Bases of a piece, and where it lies on a reference, if it is of one. */
export interface Piece {
  readonly bases: string;
  /** `start` counts from 0. */
  readonly place: { readonly contig: string; readonly start: number } | null;
}

/** Where the first piece comes from. */
export type StartFrom =
  | { readonly kind: "pasted"; readonly text: string }
  | {
      readonly kind: "place";
      readonly reference: () => Promise<ReferenceFiles>;
      readonly place: string;
      readonly widthBp: number;
    };

/** What it should come close to. */
export type TargetFrom =
  | { readonly kind: "hidden"; readonly edits: number; readonly seed: number }
  | { readonly kind: "pasted"; readonly text: string }
  | { readonly kind: "file"; readonly file: File };

/** The target, and where its changes are, if the page made them itself. */
export interface Target {
  readonly bases: string;
  readonly hidden: readonly number[];
}

/** Shorter ones have no room for edits. */
const LEAST_BP = 40;

/** The most of a file that could be a piece: a longer one is something else. */
const MOST_FILE_BYTES = 64 << 20;

/** The piece to start from. */
export async function startPiece(
  runtime: GenoLeWMRuntime,
  from: StartFrom,
  signal: AbortSignal,
): Promise<Piece> {
  if (from.kind === "pasted") {
    return { bases: checked(pasted(from.text), "The piece to start from", runtime), place: null };
  }
  const stretch = parseStretch(from.place);
  if (stretch === undefined || stretch.contig === null || stretch.last === Infinity) {
    throw new Error(`“${from.place}” is no place. Write it like chr17:41,246,481.`);
  }
  const reference = await runtime.openReference(await from.reference(), { signal });
  try {
    const { contig, first, last } = stretch;
    // One place stands in the middle; a stretch is the piece itself.
    const start =
      first === last ? Math.max(0, first - 1 - Math.floor(from.widthBp / 2)) : first - 1;
    const end = first === last ? start + from.widthBp : last;
    const most = runtime.model.windowBp;
    if (end - start > most) throw tooLong("The piece to start from", end - start, most);
    const bases = await reference.bases(contig, start, end, signal);
    return {
      bases: checked(bases, `The piece at ${locus(contig, first)}`, runtime),
      place: { contig, start },
    };
  } finally {
    void reference.close().catch(() => undefined);
  }
}

/** What the piece should come close to. */
export async function targetPiece(
  runtime: GenoLeWMRuntime,
  from: TargetFrom,
  start: Piece,
  signal: AbortSignal,
): Promise<Target> {
  if (from.kind === "hidden") return withHiddenEdits(start.bases, from.edits, from.seed);
  const bases =
    from.kind === "pasted" ? pasted(from.text) : await firstSequence(runtime, from.file, signal);
  return { bases: checked(bases, "The piece to come close to", runtime), hidden: [] };
}

/** Bases of a text: its own, or those of its first FASTA record. Numbers of lines are left out. */
export function pasted(text: string): string {
  const lines = text.trim().split(/\r?\n/);
  const head = lines[0]?.startsWith(">") === true ? 1 : 0;
  const next = lines.findIndex((line, at) => at >= head && line.startsWith(">"));
  const own = lines.slice(head, next < 0 ? undefined : next);
  return own
    .join("")
    .replace(/[\s\d]/g, "")
    .toUpperCase();
}

/** Changes single bases at random, the same ones for the same seed. Where they are is told in the end. */
export function withHiddenEdits(bases: string, edits: number, seed: number): Target {
  const margin = edgeMargin(bases.length);
  const room = bases.length - 2 * margin;
  const draw = randomNumbers(seed);
  const places = new Set<number>();
  while (places.size < Math.min(edits, room)) places.add(margin + Math.floor(draw() * room));
  const hidden = [...places].sort((a, b) => a - b);
  const letters = [...bases];
  for (const at of hidden) {
    const others = [..."ACGT"].filter((base) => base !== letters[at]);
    letters[at] = others[Math.floor(draw() * others.length)] ?? "A";
  }
  return { bases: letters.join(""), hidden };
}

/** Bases at either end that a plan leaves alone: as many as usual, fewer where the piece is short. */
export function edgeMargin(lengthBp: number): number {
  return Math.min(64, Math.floor(lengthBp / 8));
}

/** Numbers from 0 to 1, which look random and depend on the seed alone (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function firstSequence(
  runtime: GenoLeWMRuntime,
  file: File,
  signal: AbortSignal,
): Promise<string> {
  if (file.size > MOST_FILE_BYTES) {
    throw new Error(
      "This file is far too large to be one piece of DNA. Choose a short FASTA file.",
    );
  }
  const reference = await runtime.openReference(file, { signal });
  try {
    const [first] = reference.contigs;
    if (first === undefined) throw new Error("There is no sequence in this file.");
    const most = runtime.model.windowBp;
    if (first.lengthBp > most) throw tooLong(`“${first.name}”`, first.lengthBp, most);
    return await reference.bases(first.name, 0, first.lengthBp, signal);
  } finally {
    void reference.close().catch(() => undefined);
  }
}

function checked(bases: string, what: string, runtime: GenoLeWMRuntime): string {
  const other = /[^ACGT]/.exec(bases);
  if (other?.[0] === "N") {
    throw new Error(
      `${what} has bases that are not known (N). Choose a place where the reference is known: the shipped piece is known around BRCA1, chr17:41,100,000 to 41,290,000.`,
    );
  }
  if (other !== null) {
    throw new Error(
      `${what} has “${other[0]}” as base ${count(other.index + 1)}. Bases are A, C, G and T.`,
    );
  }
  const most = runtime.model.windowBp;
  if (bases.length > most) throw tooLong(what, bases.length, most);
  if (bases.length >= LEAST_BP) return bases;
  throw new Error(`${what} has ${count(bases.length)} bases. It needs ${LEAST_BP} at least.`);
}

function tooLong(what: string, lengthBp: number, mostBp: number): Error {
  return new Error(
    `${what} has ${count(lengthBp)} bases. The model reads ${count(mostBp)} at most: choose a shorter piece.`,
  );
}
