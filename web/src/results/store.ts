import type { Row, ScoredRow, SkippedRow } from "@genolewm/runtime";
import { Slices } from "../pace.ts";
import { Words, flags, floats, wholes } from "./columns.ts";
import { Exports } from "./exports.ts";
import { isAmongOthers } from "./words.ts";

/** Common to scored and skipped alleles. */
class Places {
  readonly contig = wholes();
  readonly pos = wholes();
  readonly ref = wholes();
  readonly alt = wholes();
  readonly gene = wholes();
  readonly line = wholes();
  readonly copies = wholes();
  readonly id: (string | null)[] = [];
  count = 0;

  push(row: Row, words: Vocabulary): void {
    this.contig.push(words.contigs.number(row.contig));
    this.pos.push(row.pos);
    this.ref.push(words.alleles.number(row.ref));
    this.alt.push(words.alleles.number(row.alt));
    this.gene.push(words.genes.number(row.gene ?? ""));
    this.line.push(row.line);
    this.copies.push(words.copies.number(row.zygosity ?? ""));
    this.id.push(row.id);
    this.count += 1;
  }
}

/** An allele in the file's words; a gene or an id that is not there is empty. */
export interface Allele {
  readonly contig: string;
  /** Counts from 1. */
  readonly pos: number;
  readonly ref: string;
  readonly alt: string;
  readonly gene: string;
  readonly id: string;
  /** How many copies one person has; empty for several people, or where it is not known. */
  readonly zygosity: string;
}

/** Alleles with a score. */
export class ScoredColumns extends Places {
  readonly sigmaRaw = floats();
  readonly percentile = floats();
  readonly displacement = floats();
  readonly confidence = floats();
  readonly lowConfidence = flags();
  readonly bucket = wholes();
  readonly repeat = wholes();
  readonly consequence = wholes();
  readonly transcript = wholes();
  readonly windowStart = wholes();
  /** The edits that were scored, of the rows whose file has another spelling. */
  readonly scoredAs = new Map<number, string>();
  readonly receiptOffset = floats();
  readonly receiptBytes = wholes();
}

/** Alleles without one. */
export class SkippedColumns extends Places {
  readonly reason = wholes();
  readonly description = wholes();
}

/** The texts that rows share. */
class Vocabulary {
  readonly contigs = new Words();
  readonly alleles = new Words();
  readonly genes = new Words();
  readonly copies = new Words();
  readonly buckets = new Words();
  readonly repeats = new Words();
  readonly consequences = new Words();
  readonly transcripts = new Words();
  readonly reasons = new Words();
  readonly descriptions = new Words();
}

/** The rows of one run, in columns, and the files that are made of them. */
export class Store {
  readonly scored = new ScoredColumns();
  readonly skipped = new SkippedColumns();
  readonly words = new Vocabulary();
  readonly files: Exports;
  /** Skipped alleles by reason. */
  readonly reasons = new Map<string, number>();
  /** Whether there are insertions or deletions that were compared with changes of all kinds. */
  hasAmongOthers = false;

  /** With the columns of what alleles do to genes where annotation was given. */
  constructor(readonly annotated: boolean) {
    this.files = new Exports(annotated);
    // No gene has the number 0.
    this.words.genes.number("");
  }

  /** Whether file or annotation names genes. */
  get hasGenes(): boolean {
    return this.words.genes.all().length > 1;
  }

  /** Whether a row is an insertion or deletion that was compared with changes of all kinds. */
  isAmongOthers(row: number): boolean {
    const { alleles, buckets } = this.words;
    const { ref, alt, bucket } = this.scored;
    return isAmongOthers(
      alleles.text(ref.at(row)),
      alleles.text(alt.at(row)),
      buckets.text(bucket.at(row)),
    );
  }

  /** What the file says of an allele with a score, or of one without. */
  allele(of: Places, row: number): Allele {
    const { contigs, alleles, genes, copies } = this.words;
    return {
      contig: contigs.text(of.contig.at(row)),
      pos: of.pos.at(row),
      ref: alleles.text(of.ref.at(row)),
      alt: alleles.text(of.alt.at(row)),
      gene: genes.text(of.gene.at(row)),
      id: of.id[row] ?? "",
      zygosity: copies.text(of.copies.at(row)),
    };
  }

  /** Takes rows over, giving way to the page between them. */
  async append(rows: readonly Row[]): Promise<void> {
    const slices = new Slices();
    for (const [number, row] of rows.entries()) {
      if (row.status === "scored") this.appendScored(row);
      else this.appendSkipped(row);
      if (number % 16 === 15) await slices.breathe();
    }
  }

  private appendScored(row: ScoredRow): void {
    const { scored, words } = this;
    const receipt = this.files.scored(row);
    scored.sigmaRaw.push(row.sigmaRaw);
    scored.percentile.push(row.sigmaCalibrated);
    scored.displacement.push(row.displacement);
    scored.confidence.push(row.confidence);
    scored.lowConfidence.push(Number(row.lowConfidence));
    scored.bucket.push(words.buckets.number(row.bucketId));
    scored.repeat.push(words.repeats.number(row.repeat ?? ""));
    scored.consequence.push(words.consequences.number(row.consequence ?? ""));
    scored.transcript.push(words.transcripts.number(row.transcript ?? ""));
    scored.windowStart.push(row.windowStart);
    if (row.scoredAs !== undefined) scored.scoredAs.set(scored.count, row.scoredAs);
    scored.receiptOffset.push(receipt.offset);
    scored.receiptBytes.push(receipt.bytes);
    this.hasAmongOthers ||= isAmongOthers(row.ref, row.alt, row.bucketId);
    scored.push(row, words);
  }

  private appendSkipped(row: SkippedRow): void {
    const { skipped, words } = this;
    this.files.skipped(row);
    skipped.reason.push(words.reasons.number(row.reason));
    skipped.description.push(words.descriptions.number(row.description));
    skipped.push(row, words);
    this.reasons.set(row.reason, (this.reasons.get(row.reason) ?? 0) + 1);
  }
}
