import type { Row, ScoredRow, SkippedRow } from "@genolewm/runtime";
import { pythonFloat } from "../format.ts";
import { cell } from "./cell.ts";
import { Parts } from "./parts.ts";

/** A file that can be saved. */
export type ExportName = "tsv" | "jsonl" | "vcf" | "receipts" | "skipped";

const TSV_HEADER =
  "chrom\tpos\tid\tref\talt\tstatus\tsigma_raw\tsigma_calibrated\tdisplacement\tbucket_id\tconfidence\tlow_confidence\tscored_as\trepeat";
/** Those of what alleles do to genes, where annotation was given. */
const EFFECT_HEADER = "\tgene\ttranscript\tconsequence";
const SKIPPED_HEADER = "line\tchrom\tpos\tid\tref\talt\treason\tdescription\n";

/** File names say nothing of whose file was scored. */
const FILES: Readonly<Record<ExportName, { name: string; type: string }>> = {
  tsv: { name: "genolewm-scores.tsv", type: "text/tab-separated-values" },
  jsonl: { name: "genolewm-scores.jsonl", type: "application/x-ndjson" },
  vcf: { name: "genolewm-scores.vcf", type: "text/x-vcf" },
  receipts: { name: "genolewm-receipts.jsonl", type: "application/x-ndjson" },
  skipped: { name: "genolewm-skipped.tsv", type: "text/tab-separated-values" },
};

/** The files of a run, written while it goes on: in the native program's formats, byte for byte. */
export class Exports {
  private readonly parts = new Map<ExportName, Parts>();

  constructor(private readonly annotated: boolean) {
    this.part("tsv").append(`${TSV_HEADER}${annotated ? EFFECT_HEADER : ""}\n`);
    this.part("skipped").append(SKIPPED_HEADER);
  }

  /** Writes the VCF's header, before any row. */
  vcfHeader(bytes: Uint8Array): void {
    this.part("vcf").append(bytes.slice());
  }

  /** Writes a scored row; returns where its receipt lies. */
  scored(row: ScoredRow): { offset: number; bytes: number } {
    const figures = [row.sigmaRaw, row.sigmaCalibrated, row.displacement].map(pythonFloat);
    const rest = [
      cell(row.bucketId),
      pythonFloat(row.confidence),
      String(row.lowConfidence),
      cell(row.scoredAs ?? ""),
      row.repeat ?? "",
      ...this.effect(row),
    ];
    this.part("tsv").append(`${[...place(row), "scored", ...figures, ...rest].join("\t")}\n`);
    this.part("jsonl").append(line(row.json));
    this.record(row);
    const receipts = this.part("receipts");
    const offset = receipts.sizeBytes;
    return { offset, bytes: row.receipt === undefined ? 0 : receipts.append(line(row.receipt)) };
  }

  /** Writes a skipped row. A record that was not understood is no allele: only the list has it. */
  skipped(row: SkippedRow): void {
    if (row.reason !== "malformed") {
      const blank = "\t".repeat(this.annotated ? 11 : 8);
      this.part("tsv").append(`${[...place(row), row.reason].join("\t")}${blank}\n`);
    }
    const all = [String(row.line), ...place(row), row.reason, cell(row.description)];
    this.part("skipped").append(`${all.join("\t")}\n`);
    this.record(row);
  }

  /** A file as it stands. */
  file(name: ExportName): Blob {
    return this.part(name).blob();
  }

  /** The text of a receipt. */
  receipt(offset: number, bytes: number): Promise<string> {
    return this.part("receipts").read(offset, bytes);
  }

  /** A gene that the file names, and annotation does not, is none of the native program's column. */
  private effect(row: ScoredRow): string[] {
    if (!this.annotated) return [];
    const gene = row.transcript === undefined ? "" : (row.gene ?? "");
    return [cell(gene), cell(row.transcript ?? ""), row.consequence ?? ""];
  }

  private record(row: Row): void {
    if (row.recordBytes !== undefined) {
      this.part("vcf").append(row.recordBytes.slice());
      this.part("vcf").append("\n");
    } else if (row.record !== undefined) this.part("vcf").append(line(row.record));
  }

  private part(name: ExportName): Parts {
    let part = this.parts.get(name);
    if (part === undefined) this.parts.set(name, (part = new Parts(FILES[name].type)));
    return part;
  }
}

/** Gives a file to the browser to save. `partial` runs say so in the name. */
export function save(file: Blob, name: ExportName, partial: boolean): void {
  saveAs(file, partial ? FILES[name].name.replace(".", "-partial.") : FILES[name].name);
}

/** Gives bytes to the browser to save under a name. */
export function saveAs(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // Browsers have taken hold of the bytes by the time that a minute is over.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function place(row: Row): string[] {
  return [cell(row.contig), String(row.pos), cell(row.id ?? "."), cell(row.ref), cell(row.alt)];
}

function line(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
