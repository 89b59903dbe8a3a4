import type { GenoLeWMRuntime, Inspection, Reference, Row, ScoreSummary } from "@genolewm/runtime";
import { byId, button, fill, h } from "../dom.ts";
import { plainContig } from "../contigs.ts";
import { nextTask, throttled } from "../pace.ts";
import { Histogram } from "../plot/histogram.ts";
import { type ExpectedContig, Overview } from "../plot/overview.ts";
import { whenShown } from "../tabs.ts";
import { inLight } from "../theme.ts";
import { Detail } from "./detail.ts";
import { type ExportName, save } from "./exports.ts";
import { buildReport } from "./report.ts";
import { Skipped } from "./skipped.ts";
import { Store } from "./store.ts";
import { Variants } from "./variants.ts";
import { INDEL_CAUTION } from "./words.ts";

const REFRESH_MS = 400;

/** What a run is made of. */
export interface RunMatter {
  readonly runtime: GenoLeWMRuntime;
  readonly reference: Reference;
  readonly inspection: Inspection;
  /** Regions that were asked for; the empty string for all. */
  readonly regions: string;
  /** Transcripts, by which genes and consequences are told. */
  readonly annotation?: Blob | undefined;
  /** Told now and then that there are more rows, and at the end. */
  readonly grown: () => void;
}

/** Everything that a run fills: rows, table, plots, files. One for each run. */
export class Results {
  readonly store: Store;
  private readonly detail: Detail;
  private readonly variants: Variants;
  private readonly skipped: Skipped;
  private readonly histogram: Histogram;
  private readonly overview: Overview;
  private readonly listeners = new AbortController();
  private readonly refresh = throttled(REFRESH_MS, () => void this.draw());
  private readonly caution = h("span", { hidden: true }, INDEL_CAUTION);
  private plotted = 0;
  private summary: ScoreSummary | null = null;
  private finished = false;
  private settled = false;

  constructor(private readonly matter: RunMatter) {
    const store = new Store(matter.annotation !== undefined);
    this.store = store;
    const open = (row: number) => this.detail.open(row);
    this.variants = new Variants(store, (position) => open(this.variants.row(position)));
    this.detail = new Detail(store, this.variants, matter.reference, matter.runtime);
    this.skipped = new Skipped(store, () => this.summary === null);
    this.histogram = new Histogram((from, to) => this.variants.filters.setPercentiles(from, to));
    this.overview = new Overview(
      store,
      expectedContigs(matter),
      matter.inspection.candidates,
      open,
    );
    fill(
      byId("results"),
      h("h2", { id: "results-title" }, "Results"),
      h(
        "p.caution",
        "Read with care: this is research output and no statement about health. ",
        this.caution,
      ),
      h("div.plots", this.histogram.element, this.overview.element),
      this.variants.element,
      this.saveBar(),
    );
    const { signal } = this.listeners;
    addEventListener("beforeprint", () => this.report(), { signal });
    whenShown("score", this.refresh, signal);
    whenShown("skipped", this.refresh, signal);
  }

  /** Takes rows over as they are made. */
  async append(rows: readonly Row[]): Promise<void> {
    await this.store.append(rows);
    this.refresh();
  }

  /**
   * Shows what came last; no more rows come. Without a summary, of which cancelled runs have none,
   * files say that they are a part.
   */
  async finish(summary: ScoreSummary | null): Promise<void> {
    this.summary = summary;
    this.finished = true;
    await this.draw();
  }

  /** Draws again in other colours. */
  recolour(): void {
    this.overview.redraw();
  }

  /** The receipts so far. */
  saveReceipts(): void {
    this.save("receipts");
  }

  /** Lets go of everything, before another run. */
  dispose(): void {
    this.listeners.abort();
    this.detail.dispose();
    fill(byId("results"));
    fill(byId("report"));
  }

  /** In several tasks, so that none is long on a slow device. Between them another file may be chosen. */
  private async draw(): Promise<void> {
    const parts = [
      () => this.drawHistogram(),
      () => this.drawOverview(),
      () => this.variants.absorb(),
      () => this.skipped.absorb(),
      () => this.matter.grown(),
    ];
    for (const part of parts) {
      if (this.listeners.signal.aborted) return;
      await part();
      await nextTask();
    }
  }

  private drawHistogram(): void {
    byId("results").hidden = this.store.scored.count === 0;
    this.caution.hidden = !this.store.hasAmongOthers;
    for (; this.plotted < this.store.scored.count; this.plotted += 1) {
      this.histogram.add(this.store.scored.percentile.at(this.plotted));
      this.overview.add(this.plotted);
    }
    this.histogram.draw();
  }

  private drawOverview(): void {
    if (this.finished && !this.settled) {
      this.settled = true;
      this.overview.finish();
    } else this.overview.draw();
  }

  private saveBar(): HTMLElement {
    const files: [ExportName, string][] = [
      ["tsv", "Table (TSV)"],
      ["jsonl", "Scores (JSONL)"],
      ["vcf", "Annotated VCF"],
      ["receipts", "Receipts"],
    ];
    const print = button("Print a report", { "data-testid": "print" }, () => window.print());
    return h(
      "section.save-bar",
      { "aria-labelledby": "save-title" },
      h("h3", { id: "save-title" }, "Save"),
      h(
        "p.fine",
        "Files are written on this device. They tell about your DNA: keep them as private as the file itself.",
      ),
      h(
        "div.button-row",
        ...files.map(([name, label]) =>
          button(label, { "data-testid": `export-${name}` }, () => this.save(name)),
        ),
        print,
      ),
    );
  }

  private save(name: ExportName): void {
    save(this.store.files.file(name), name, this.summary === null);
  }

  private report(): void {
    const { runtime, inspection } = this.matter;
    const overview = inLight(() => this.overview.still());
    buildReport({
      store: this.store,
      inspection,
      model: runtime.model,
      summary: this.summary,
      histogram: this.histogram.still(),
      overview,
    });
  }
}

/** The contigs that are in both file and reference; none where only regions are scored. */
function expectedContigs({ inspection, reference, regions }: RunMatter): ExpectedContig[] {
  if (regions !== "") return [];
  const lengths = new Map(
    reference.contigs.map(({ name, lengthBp }) => [plainContig(name), lengthBp]),
  );
  return inspection.contigs.flatMap(({ name, records }) => {
    const lengthBp = lengths.get(plainContig(name));
    return lengthBp === undefined || records === 0 ? [] : [{ name, lengthBp }];
  });
}
