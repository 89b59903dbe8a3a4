import type { GenoLeWMRuntime, Inspection, Reference } from "@genolewm/runtime";
import { clearNotices, notice } from "./announce.ts";
import { byId } from "./dom.ts";
import { type Engine, loadProblem } from "./engine.ts";
import { isAbort, membersOf, problem } from "./errors.ts";
import { annotatedExampleReference, type ExampleName, exampleVariants } from "./intake/example.ts";
import { askForMember, resetFileStep, showFile, showReading } from "./intake/file.ts";
import {
  askForReference,
  resetReferenceStep,
  showOpening,
  showReference,
} from "./intake/reference.ts";
import { sortFiles } from "./intake/sort.ts";
import { type Whose, whoseQuestion } from "./intake/whose.ts";
import type { Requests } from "./network.ts";
import { showProblem } from "./pieces.ts";
import {
  type PlanHandlers,
  type Settings,
  hidePlan,
  showMeasuring,
  showPlan,
  showPlanProblem,
} from "./plan.ts";
import { shareOf } from "./progress.ts";
import { emptySkipped } from "./results/skipped.ts";
import { Run } from "./run.ts";
import { tryOut } from "./trial.ts";

/** The steps that may end in a problem. */
type StepName = "file" | "reference" | "plan";

/** A reference as files. */
interface ReferenceParts {
  readonly file: File;
  readonly fai?: File | undefined;
  readonly gzi?: File | undefined;
  /** Its genes. */
  readonly annotation?: File | undefined;
}

/**
 * The way from a file to results: file, reference, plan, run. Every step stops what a former choice
 * set off, so that nothing old shows up late.
 */
export class Flow {
  private steps = new AbortController();
  private file: File | undefined;
  private inspection: Inspection | undefined;
  /** The file that was chosen in a ZIP archive. */
  private member: string | undefined;
  private parts: ReferenceParts | undefined;
  /** Genes that came with the variants. */
  private genes: File | undefined;
  private reference: Reference | undefined;
  private settings: Settings = { whose: {}, regions: "", backend: "auto", views: "all" };
  /** The views of the model, once it is loaded. */
  private views: readonly string[] = [];
  private run: Run | undefined;
  private readonly planHandlers: PlanHandlers = {
    start: () => void this.start(),
    settings: (changed) => void this.applySettings(changed),
    views: () => this.views,
  };
  private autostart = false;

  constructor(
    private readonly engine: Engine,
    private readonly requests: Requests,
    /** Another run, none, or more rows in the same. */
    private readonly runChanged: (run: Run | undefined) => void,
  ) {
    byId("cancel").addEventListener("click", () => this.run?.cancel());
    byId("again").addEventListener("click", () => this.restart());
  }

  /** Takes what was dropped or chosen as the file, with a reference beside it or without. */
  takeFiles(files: File[]): Promise<void> {
    this.forget();
    this.requests.markFile();
    showReading(() => this.restart());
    return this.step("file", async (signal) => {
      const sorted = await sortFiles(files);
      if (signal.aborted) return;
      const { reference, fai, gzi, annotation } = sorted;
      this.genes = annotation;
      this.parts = reference && { file: reference, fai, gzi, annotation };
      if (sorted.variants !== undefined) return this.inspect(sorted.variants);
      const found = reference ? "There is a reference genome" : "There are genes, or an index,";
      const error = new Error(
        `${found} in it, and no file with variants. Choose the file of your testing company.`,
      );
      this.show("file", problem(error, "No variants here"));
    });
  }

  /** Scores the shipped example from beginning to end. */
  example(name: ExampleName): Promise<void> {
    this.forget();
    this.autostart = true;
    showReading(() => this.restart());
    return this.step("file", async (signal) => {
      const [file, parts] = await Promise.all([exampleVariants(name), annotatedExampleReference()]);
      if (signal.aborted) return;
      this.requests.markFile();
      this.parts = parts;
      await this.inspect(file);
    });
  }

  /** Takes files as the reference. */
  takeReference(files: File[]): Promise<void> {
    return this.step("reference", async (signal) => {
      const sorted = await sortFiles(files);
      if (signal.aborted) return;
      // What does not begin like a reference is tried as one: the runtime says what is wrong with it.
      const file = sorted.reference ?? sorted.variants;
      if (file === undefined) {
        const found = sorted.annotation ? "Genes alone are" : "An index alone is";
        throw new Error(`${found} no reference. Choose its FASTA file together with it.`);
      }
      const { fai, gzi, annotation = this.genes } = sorted;
      await this.openReference({ file, fai, gzi, annotation });
    });
  }

  /** Back to the first step, with nothing of the last file left. */
  restart(): void {
    this.forget();
    resetFileStep();
    byId("file-input").focus();
    scrollTo({ top: 0 });
  }

  /** Stops what is under way. */
  private stop(): void {
    this.steps.abort();
    this.steps = new AbortController();
  }

  /** Does a part of a step; what goes wrong is shown in its place, unless it was stopped. */
  private async step(name: StepName, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.steps;
    try {
      await work(signal);
    } catch (error) {
      if (!signal.aborted && !isAbort(error)) this.show(name, problem(error));
    }
  }

  private show(name: StepName, shown: HTMLElement): void {
    if (name === "plan") showPlanProblem(shown, this.reference, this.settings, this.planHandlers);
    else if (name === "file") showProblem(name, shown, () => this.restart());
    else showProblem(name, shown, () => this.askReference());
  }

  private forget(): void {
    this.stop();
    this.autostart = false;
    this.dropRun();
    this.closeReference();
    [this.file, this.inspection, this.parts] = [undefined, undefined, undefined];
    [this.member, this.genes] = [undefined, undefined];
    this.settings = { ...this.settings, whose: {}, regions: "" };
    resetReferenceStep();
    hidePlan();
    clearNotices();
  }

  private dropRun(): void {
    this.run?.cancel();
    this.run?.results.dispose();
    this.run = undefined;
    this.runChanged(undefined);
    byId("intake").hidden = false;
    byId("run").hidden = true;
    byId("results").hidden = true;
    byId("results-empty").hidden = false;
    emptySkipped();
  }

  private closeReference(): void {
    void this.reference?.close().catch(() => undefined);
    this.reference = undefined;
  }

  /** The runtime, or undefined after the page has said why there is none. */
  private async runtime(signal: AbortSignal): Promise<GenoLeWMRuntime | undefined> {
    try {
      const runtime = await this.engine.ready();
      this.views = runtime.model.views;
      return signal.aborted ? undefined : runtime;
    } catch (error) {
      if (!signal.aborted) this.show("file", loadProblem(error));
      return undefined;
    }
  }

  /** What scoring needs, or undefined while a part of it is missing. */
  private async matter(signal: AbortSignal) {
    const { file, inspection, reference, member } = this;
    const runtime = await this.runtime(signal);
    if (!(runtime && file && inspection && reference)) return undefined;
    const { annotation } = this.parts ?? {};
    return { runtime, file, inspection, reference, member, annotation };
  }

  private inspect(file: File, member?: string): Promise<void> {
    return this.step("file", async (signal) => {
      const runtime = await this.runtime(signal);
      if (runtime === undefined) return;
      const { whose } = this.settings;
      const options = { ...whose, signal, ...(member === undefined ? {} : { member }) };
      const found = await runtime.inspect(file, options).catch((error: unknown) => {
        const members = membersOf(error);
        if (member !== undefined || members.length < 2) throw error;
        return members;
      });
      if (signal.aborted) return;
      if (!("format" in found)) {
        return askForMember(
          file,
          found,
          (name) => void this.inspect(file, name),
          () => this.restart(),
        );
      }
      [this.file, this.inspection, this.member] = [file, found, member];
      const question = whoseQuestion(found, whose, (chosen) => void this.choose(file, chosen));
      showFile(file, found, question, () => this.restart());
      if (this.parts === undefined) this.askReference();
      else if (this.reference === undefined) await this.openReference(this.parts);
      else await this.measure();
    });
  }

  /** Counts the file again for the samples that were chosen. */
  private async choose(file: File, whose: Whose): Promise<void> {
    this.stop();
    this.settings = { ...this.settings, whose };
    hidePlan();
    await this.inspect(file, this.member);
    document.querySelector<HTMLElement>('[data-testid="file-sample"]')?.focus();
  }

  /** Asks for a reference, and forgets the one there was. What comes then is no example any more. */
  private askReference(): void {
    const found = this.inspection;
    if (found === undefined) return;
    this.stop();
    this.autostart = false;
    this.closeReference();
    this.parts = undefined;
    hidePlan();
    askForReference(found, {
      files: (files) => void this.takeReference(files),
      demo: () => void this.demoReference(),
    });
  }

  private demoReference(): Promise<void> {
    return this.step("reference", async (signal) => {
      const parts = await annotatedExampleReference();
      if (!signal.aborted) await this.openReference(parts);
    });
  }

  private openReference(parts: ReferenceParts): Promise<void> {
    return this.step("reference", async (signal) => {
      const [runtime, found] = [await this.runtime(signal), this.inspection];
      if (runtime === undefined || found === undefined) return;
      byId("step-reference").hidden = false;
      const progress = showOpening(() => this.askReference());
      const { file, fai, gzi } = parts;
      const input = { file, ...(fai && { fai }), ...(gzi && { gzi }) };
      const reference = await runtime.openReference(input, {
        signal,
        onProgress: (told) => progress(shareOf(told)),
      });
      // The runtime that has it may be gone already.
      if (signal.aborted) return void reference.close().catch(() => undefined);
      [this.parts, this.reference] = [parts, reference];
      showReference(parts, reference, found, () => this.askReference());
      await this.measure();
    });
  }

  /** Measures this device on the first alleles, then shows the plan. */
  private measure(): Promise<void> {
    const { settings } = this;
    return this.step("plan", async (signal) => {
      const matter = await this.matter(signal);
      if (matter === undefined) return;
      showMeasuring();
      const trial = await tryOut({ ...matter, ...settings }, signal);
      if (signal.aborted) return;
      showPlan(matter.inspection, matter.reference, trial, settings, this.planHandlers);
      if (this.autostart) await this.start();
    });
  }

  private async applySettings(settings: Settings): Promise<void> {
    const again = settings.backend !== this.settings.backend;
    this.settings = settings;
    this.stop();
    const { signal } = this.steps;
    if (!again || this.parts === undefined) return this.measure();
    this.dropRun();
    this.reference = undefined;
    showMeasuring();
    await this.engine.choose(settings.backend);
    await this.engine.ready().catch((error: unknown) => this.backToAuto(error));
    if (!signal.aborted) await this.openReference(this.parts);
  }

  /** What was asked for does not work on this device: says so and goes on as the runtime sees fit. */
  private async backToAuto(error: unknown): Promise<void> {
    const why = error instanceof Error ? error.message : String(error);
    notice(`${why.replace(/\.$/, "")}. The choice is back to automatic.`);
    this.settings = { ...this.settings, backend: "auto" };
    await this.engine.choose("auto");
  }

  private async start(): Promise<void> {
    const { regions, whose, views } = this.settings;
    const matter = await this.matter(this.steps.signal);
    if (matter === undefined) return;
    this.dropRun();
    hidePlan();
    byId("intake").hidden = true;
    const run = new Run({
      ...matter,
      regions,
      whose,
      views,
      onNotice: this.engine.onNotice,
      grown: () => this.runChanged(this.run),
    });
    this.run = run;
    this.runChanged(run);
    byId("cancel").focus({ preventScroll: true });
    scrollTo({ top: 0 });
    await run.score();
    if (run === this.run && run.results.store.skipped.count === 0)
      emptySkipped("Nothing was skipped.");
  }
}
