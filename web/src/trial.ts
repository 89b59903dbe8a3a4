import type { GenoLeWMRuntime, Inspection, Reference, Row } from "@genolewm/runtime";
import { plainContig } from "./contigs.ts";
import { isAbort } from "./errors.ts";
import type { Whose } from "./intake/whose.ts";

/** How long a trial measures, and how many alleles are enough. */
const TRIAL_SECONDS = 2.5;
const TRIAL_ALLELES = 160;
/** A reading that yields nothing to score is not waited for longer than this. */
const PATIENCE_SECONDS = 15;

/** Which of a model's views are computed. */
export type ViewsChoice = "all" | "fast";

/** What a short trial on this device showed. */
export interface Trial {
  /** Alleles scored a second; null where the trial met none. */
  readonly perSecond: number | null;
  readonly scored: number;
  readonly skipped: number;
  /** Skipped in the trial, by reason. */
  readonly reasons: ReadonlyMap<string, number>;
  /** The whole input was so short that the trial met all of it. */
  readonly complete: boolean;
}

/** What is scored, and against what. */
export interface TrialInput {
  readonly runtime: GenoLeWMRuntime;
  readonly file: Blob;
  readonly reference: Reference;
  readonly regions: string;
  readonly whose: Whose;
  readonly views: ViewsChoice;
  /** The file inside, where `file` is an archive with several. */
  readonly member?: string | undefined;
}

/**
 * Scores the first alleles and throws the scores away: that tells this device's speed, and whether
 * file and reference belong together, before the user decides. Rejects as a run would.
 */
export async function tryOut(input: TrialInput, signal: AbortSignal): Promise<Trial> {
  const enough = new AbortController();
  const stop = () => enough.abort();
  signal.addEventListener("abort", stop, { once: true });
  let timer = setTimeout(stop, PATIENCE_SECONDS * 1000);
  const meter = new Meter();
  let complete = false;
  try {
    const { runtime, file, reference, regions, whose, views, member } = input;
    const stream = runtime.scoreVcf(file, {
      reference,
      ...whose,
      views,
      signal: enough.signal,
      ...(regions === "" ? {} : { regions }),
      ...(member === undefined ? {} : { member }),
    });
    // Settles with the iteration below, which reports the error.
    stream.summary.catch(() => undefined);
    stream.vcfHeader.catch(() => undefined);
    for await (const rows of stream.batches()) {
      if (meter.take(rows)) {
        clearTimeout(timer);
        timer = setTimeout(stop, TRIAL_SECONDS * 1000);
      }
      if (meter.scored >= TRIAL_ALLELES) break;
    }
    complete = meter.scored < TRIAL_ALLELES;
  } catch (error) {
    if (!isAbort(error) || signal.aborted) throw error;
  } finally {
    enough.abort();
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
  return meter.trial(complete);
}

class Meter {
  private readonly began = performance.now();
  private firstAt: number | undefined;
  private firstScored = 0;
  private lastAt = 0;
  scored = 0;
  private skipped = 0;
  private readonly reasons = new Map<string, number>();

  /** Counts rows; true when the first scores were among them, which is when measuring begins. */
  take(rows: readonly Row[]): boolean {
    for (const row of rows) {
      if (row.status === "scored") this.scored += 1;
      else {
        this.skipped += 1;
        this.reasons.set(row.reason, (this.reasons.get(row.reason) ?? 0) + 1);
      }
    }
    if (this.scored === 0) return false;
    this.lastAt = performance.now();
    if (this.firstAt !== undefined) return false;
    // The first batch pays for what is made once.
    [this.firstAt, this.firstScored] = [this.lastAt, this.scored];
    return true;
  }

  trial(complete: boolean): Trial {
    const { scored, skipped, reasons } = this;
    return { perSecond: this.perSecond(), scored, skipped, reasons, complete };
  }

  private perSecond(): number | null {
    if (this.firstAt === undefined) return null;
    const later = this.scored - this.firstScored;
    const [alleles, milliseconds] =
      later > 0 ? [later, this.lastAt - this.firstAt] : [this.scored, this.lastAt - this.began];
    return (alleles / Math.max(1, milliseconds)) * 1000;
  }
}

/** What is known before the start. */
export interface Forecast {
  /** Alleles that will be scored, at most. */
  readonly alleles: number;
  /** Whether that is a count rather than an upper bound. */
  readonly exact: boolean;
  /** What will be skipped, by reason. */
  readonly reasons: readonly (readonly [reason: string, alleles: number])[];
  readonly seconds: number | null;
}

/** Puts together what the file alone tells, what the reference adds, and what the trial measured. */
export function forecast(found: Inspection, reference: Reference, trial: Trial): Forecast {
  const known = new Set(reference.contigs.map(({ name }) => plainContig(name)));
  // Candidates and not records: a record may hold several, or none that could be scored.
  const elsewhere = found.contigs
    .filter(({ name }) => !known.has(plainContig(name)))
    .reduce((sum, { candidates }) => sum + candidates, 0);
  const reasons = new Map(Object.entries(found.reasons).filter(([, alleles]) => alleles > 0));
  if (elsewhere > 0)
    reasons.set("contig_unknown", (reasons.get("contig_unknown") ?? 0) + elsewhere);
  const left = Math.max(0, found.candidates - elsewhere);
  const isVcf = found.format === "vcf";
  const alleles = isVcf ? left : likely(left, found, trial);
  const seconds = trial.perSecond === null ? null : alleles / trial.perSecond;
  return { alleles, exact: isVcf && elsewhere === 0, reasons: [...reasons], seconds };
}

/**
 * How many of the rows that are left will be scored. Most rows of an array file carry no difference
 * from the reference; the trial tells how many. What it skipped and `left` does not count says
 * nothing about that.
 */
function likely(left: number, found: Inspection, trial: Trial): number {
  const counted = [...trial.reasons].filter(([reason]) => !leftOut(reason, found));
  const met = trial.scored + counted.reduce((sum, [, rows]) => sum + rows, 0);
  // A trial that was cut short before its first score knows nothing.
  if (met === 0 || (trial.scored === 0 && !trial.complete)) return left;
  return Math.max(trial.scored, Math.round((left * trial.scored) / met));
}

function leftOut(reason: string, found: Inspection): boolean {
  return reason === "contig_unknown" || reason === "malformed" || (found.reasons[reason] ?? 0) > 0;
}
