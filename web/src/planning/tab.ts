import type { PlanResult, Progress } from "@genolewm/runtime";
import { announce } from "../announce.ts";
import { byId, button, fill, h, setText } from "../dom.ts";
import { type Engine, loadProblem } from "../engine.ts";
import { isAbort, problem } from "../errors.ts";
import { count, elapsed, figure, roughly } from "../format.ts";
import type { Requests } from "../network.ts";
import { throttled } from "../pace.ts";
import { progressBar } from "../pieces.ts";
import { shareOf } from "../progress.ts";
import { saveAs } from "../results/exports.ts";
import { asked, type Asked, startForm, usesOwnFiles } from "./form.ts";
import { outcomeWords, planFile, resultView, type Planned } from "./result.ts";
import { stepsOf } from "./steps.ts";
import { edgeMargin, startPiece, targetPiece } from "./windows.ts";

const SHOW_MS = 200;

/** The runtime's word on a plan. */
type PlanProgress = Progress & { readonly kind: "plan" };

/** The tab in which edits are planned. */
export class PlanningTab {
  private stopping: AbortController | undefined;
  private latest: PlanProgress | undefined;
  private quarter = 0;
  private readonly bar = progressBar("Planning");
  private readonly show = throttled(SHOW_MS, () => this.showProgress());

  constructor(
    private readonly engine: Engine,
    private readonly requests: Requests,
  ) {
    fill(byId("planning-bar"), this.bar.element);
    startForm(() => void this.plan());
    byId("planning-cancel").addEventListener("click", () => this.stopping?.abort());
  }

  /** Plans what the form says. Never rejects: how it ended stands on the page. */
  private async plan(): Promise<void> {
    if (this.stopping !== undefined) return;
    this.stopping = new AbortController();
    const { signal } = this.stopping;
    const began = performance.now();
    this.begin();
    try {
      if (usesOwnFiles()) this.requests.markFile();
      const wanted = asked();
      const planned = await this.work(wanted, signal);
      if (planned !== undefined) this.finished(planned, wanted, began);
    } catch (error) {
      this.ended(error);
    } finally {
      this.stopping = undefined;
      byId<HTMLButtonElement>("planning-start").disabled = false;
    }
  }

  private async work(wanted: Asked, signal: AbortSignal): Promise<Planned | undefined> {
    const runtime = await this.engine.ready().catch((error: unknown) => {
      this.close("failed", "The model could not be loaded");
      fill(byId("planning-problem"), loadProblem(error));
    });
    if (runtime === undefined) return undefined;
    signal.throwIfAborted();
    const start = await startPiece(runtime, wanted.start, signal);
    const target = await targetPiece(runtime, wanted.target, start, signal);
    const plan: PlanResult = await runtime.plan(start.bases, {
      ...wanted.options,
      targetWindow: target.bases,
      edgeMargin: edgeMargin(start.bases.length),
      signal,
      onProgress: (progress) => {
        if (progress.kind !== "plan") return;
        this.latest = progress;
        this.show();
      },
    });
    const steps = await stepsOf(runtime, start.bases, target.bases, plan, signal);
    return { start, target, plan, steps };
  }

  private begin(): void {
    this.latest = undefined;
    this.quarter = 0;
    byId("planning-run").hidden = false;
    byId("planning-run").dataset.state = "running";
    for (const id of ["planning-result", "planning-problem"]) fill(byId(id));
    for (const id of ["best", "left"]) setText(byId(`planning-${id}`), "–");
    setText(byId("planning-left-label"), "Time left");
    setText(byId("planning-looked"), "0");
    setText(byId("planning-run-title"), "Planning");
    this.bar.show(0);
    byId<HTMLButtonElement>("planning-start").disabled = true;
    const cancel = byId("planning-cancel");
    cancel.hidden = false;
    cancel.focus();
    announce("Planning has started");
  }

  private showProgress(): void {
    const { latest } = this;
    if (latest === undefined || this.stopping === undefined) return;
    const share = shareOf(latest);
    this.bar.show(share);
    const { done, total, bestDistance, secondsLeft } = latest;
    setText(byId("planning-looked"), `${count(done)} of ${count(total)}`);
    setText(byId("planning-best"), bestDistance === null ? "–" : figure(bestDistance));
    setText(byId("planning-left"), secondsLeft === null ? "–" : roughly(secondsLeft));
    const quarter = Math.floor(share * 4);
    if (quarter > this.quarter && quarter < 4) announce(`${quarter * 25} percent planned`);
    this.quarter = quarter;
  }

  private finished(planned: Planned, { options }: Asked, began: number): void {
    this.close("done", "Planned");
    this.bar.show(1);
    const { plan } = planned;
    setText(byId("planning-looked"), count(plan.evaluations));
    setText(byId("planning-best"), figure(plan.realDistance));
    setText(byId("planning-left-label"), "Time taken");
    setText(byId("planning-left"), elapsed((performance.now() - began) / 1000));
    const save = button("Save the plan (JSON)", { "data-testid": "planning-save" }, () =>
      saveAs(planFile(planned, options), "genolewm-plan.json"),
    );
    fill(byId("planning-result"), resultView(planned), h("p.button-row", save));
    announce(outcomeWords(planned));
  }

  private ended(error: unknown): void {
    if (isAbort(error)) {
      this.close("cancelled", "Cancelled");
      announce("Cancelled");
    } else {
      this.close("failed", "Nothing was planned");
      fill(byId("planning-problem"), problem(error, "This cannot be planned as it is"));
    }
  }

  private close(state: string, title: string): void {
    byId("planning-run").dataset.state = state;
    setText(byId("planning-run-title"), title);
    setText(byId("planning-left"), "–");
    const cancel = byId("planning-cancel");
    // Whoever waits there is taken along; who went elsewhere is left in peace.
    if (document.activeElement === cancel) byId("planning-run-title").focus();
    cancel.hidden = true;
  }
}
