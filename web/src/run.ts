import type { BackendName, Notice, Progress, ScoreSummary } from "@genolewm/runtime";
import { announce } from "./announce.ts";
import { byId, fill, setText } from "./dom.ts";
import { isAbort, problem } from "./errors.ts";
import type { Whose } from "./intake/whose.ts";
import { count, elapsed, plural, rate, roughly } from "./format.ts";
import type { ViewsChoice } from "./trial.ts";
import { throttled } from "./pace.ts";
import { Pace, type ScoreProgress, type Standing } from "./progress.ts";
import { Results, type RunMatter } from "./results/results.ts";

const SHOW_MS = 200;

/** What a run scores. */
export interface RunInput extends RunMatter {
  readonly file: Blob;
  readonly whose: Whose;
  readonly views: ViewsChoice;
  /** The file inside, where `file` is an archive with several. */
  readonly member?: string | undefined;
  readonly onNotice: (notice: Notice) => void;
}

/** One pass over the user's file, with its progress on the page. */
export class Run {
  readonly results: Results;
  private readonly stopping = new AbortController();
  private readonly began = performance.now();
  private readonly pace: Pace;
  private latest: ScoreProgress | undefined;
  private standing: Standing | undefined;
  private quarter = 0;
  private over = false;

  constructor(private readonly input: RunInput) {
    this.results = new Results(input);
    this.pace = Pace.of(input.inspection, input.regions);
  }

  /** Scores everything. Never rejects: how it ended stands on the page. */
  async score(): Promise<void> {
    this.begin();
    const show = throttled(SHOW_MS, () => this.showProgress());
    try {
      const stream = this.stream((progress) => {
        if (progress.kind !== "score") return;
        this.latest = progress;
        this.standing = this.pace.update(progress);
        show();
      });
      // Rejects as the iteration does, which is where errors are dealt with.
      stream.summary.catch(() => undefined);
      this.results.store.files.vcfHeader(await stream.vcfHeaderBytes);
      for await (const rows of stream.batches()) await this.results.append(rows);
      const summary = await stream.summary;
      await this.results.finish(summary);
      this.finished(summary);
    } catch (error) {
      await this.results.finish(null);
      this.ended(error);
    }
  }

  /** Stops; what was scored stays. */
  cancel(): void {
    this.stopping.abort();
  }

  private stream(onProgress: (progress: Progress) => void) {
    const { runtime, file, reference, regions, whose, views, member, annotation, onNotice } =
      this.input;
    return runtime.scoreVcf(file, {
      reference,
      ...whose,
      views,
      receipts: true,
      annotate: true,
      signal: this.stopping.signal,
      onProgress,
      onNotice,
      ...(regions === "" ? {} : { regions }),
      ...(member === undefined ? {} : { member }),
      ...(annotation === undefined ? {} : { annotation }),
    });
  }

  private begin(): void {
    const run = byId("run");
    run.hidden = false;
    run.dataset.state = "running";
    byId("results-empty").hidden = true;
    byId("cancel").hidden = false;
    byId("again").hidden = true;
    setText(byId("run-title"), "Scoring");
    setText(byId("run-file"), this.fileWords());
    fill(byId("run-problem"));
    setText(
      byId("run-account"),
      "You may use the page meanwhile: results below grow as they are made.",
    );
    setText(byId("run-left-label"), "Time left");
    this.showShare(0);
    for (const id of ["run-scored", "run-skipped"]) setText(byId(id), "0");
    for (const id of ["run-rate", "run-left"]) setText(byId(id), "–");
    announce("Scoring has started");
  }

  private fileWords(): string {
    const { inspection, reference, regions } = this.input;
    const build =
      reference.assembly === null ? "the reference you chose" : reference.assembly.assembly;
    return `${inspection.formatName}, ${plural(inspection.records, "record")}, against ${build}${regions === "" ? "" : `, only ${regions}`}`;
  }

  private showProgress(): void {
    const { latest, standing } = this;
    if (latest === undefined || standing === undefined || this.over) return;
    const { share, perSecond, secondsLeft } = standing;
    this.showShare(share);
    setText(byId("run-scored"), count(latest.scored));
    setText(byId("run-skipped"), count(latest.skipped));
    setText(byId("run-rate"), perSecond === null ? "–" : rate(perSecond));
    setText(byId("run-left"), secondsLeft === null ? "–" : roughly(secondsLeft));
    const quarter = Math.floor(share * 4);
    if (quarter > this.quarter && quarter < 4) announce(`${quarter * 25} percent scored`);
    this.quarter = quarter;
  }

  private showShare(share: number): void {
    const bar = byId("run-bar");
    const percent = Math.floor(share * 100);
    bar.setAttribute("aria-valuenow", String(percent));
    (bar.firstElementChild as HTMLElement).style.transform = `scaleX(${share})`;
    setText(byId("run-share"), `${percent} %`);
  }

  private finished(summary: ScoreSummary): void {
    this.close("done", "Done", summary.seconds);
    this.showShare(1);
    setText(byId("run-scored"), count(summary.scored));
    setText(byId("run-skipped"), count(summary.skipped));
    setText(
      byId("run-rate"),
      summary.seconds > 0 && summary.scored > 0 ? rate(summary.scored / summary.seconds) : "–",
    );
    setText(byId("run-account"), accountWords(summary));
    announce(
      `Done. ${plural(summary.scored, "variant")} scored, ${count(summary.skipped)} skipped.`,
    );
  }

  private ended(error: unknown): void {
    const { scored, skipped } = this.results.store;
    const seconds = (performance.now() - this.began) / 1000;
    const kept = `${plural(scored.count, "variant")} scored before that stay below, and ${count(skipped.count)} skipped.`;
    if (isAbort(error)) {
      this.close("cancelled", "Cancelled", seconds);
      announce(`Cancelled. ${kept}`);
    } else {
      this.close("failed", "Stopped by an error", seconds);
      fill(byId("run-problem"), problem(error));
    }
    setText(byId("run-scored"), count(scored.count));
    setText(byId("run-skipped"), count(skipped.count));
    setText(byId("run-account"), kept);
  }

  private close(state: string, title: string, seconds: number): void {
    this.over = true;
    byId("run").dataset.state = state;
    setText(byId("run-title"), title);
    setText(byId("run-left-label"), "Time taken");
    setText(byId("run-left"), elapsed(seconds));
    byId("cancel").hidden = true;
    byId("again").hidden = false;
  }
}

const BACKENDS: Readonly<Record<BackendName, string>> = {
  cpu: "the processor",
  webgpu: "the graphics processor",
};

/** Who computed: more than one where a device was lost on the way. Receipts use the short names. */
function backendWords({ backends }: ScoreSummary): string {
  const used = Object.entries(backends).filter(([, alleles]) => alleles > 0) as [
    BackendName,
    number,
  ][];
  const [first, second] = used;
  if (first === undefined) return "";
  if (second === undefined) return `Computed by ${first[0]}, ${BACKENDS[first[0]]}.`;
  return `Computed by ${used.map(([name, alleles]) => `${name} ${count(alleles)}`).join(" and ")}.`;
}

/** The sums of a run, so that anybody can add them up. */
function accountWords(summary: ScoreSummary): string {
  const parts = [
    `${plural(summary.alleles, "variant")} = ${count(summary.scored)} scored + ${count(summary.skipped)} skipped`,
  ];
  if (summary.malformed > 0) parts.push(`${plural(summary.malformed, "record")} could not be read`);
  if (summary.outside > 0) parts.push(`${plural(summary.outside, "record")} outside the region`);
  return `${parts.join("; ")}. ${backendWords(summary)}`;
}
