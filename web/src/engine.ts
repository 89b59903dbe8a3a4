import {
  type BackendName,
  GenoLeWMRuntime,
  type LoadStage,
  type Notice,
  type Progress,
} from "@genolewm/runtime";
import builtin from "@genolewm/runtime/models/builtin";
import { notice } from "./announce.ts";
import { byId, fill, setText } from "./dom.ts";
import { problem } from "./errors.ts";
import { size } from "./format.ts";

/** How a person may ask for the arithmetic to run. */
export type BackendChoice = "auto" | BackendName;

const STAGES: Readonly<Record<LoadStage, string>> = {
  wasm: "Loading the program",
  model: "Loading the model",
  verify: "Checking the model",
  backend: "Choosing how to compute",
  ready: "Ready",
};

/** The one runtime of the page, loaded when it is first needed and again for another backend. */
export class Engine {
  private loading: Promise<GenoLeWMRuntime> | undefined;
  /** Counts what was asked for, so that a load that something else has replaced keeps quiet. */
  private turn = 0;
  private choice: BackendChoice = "auto";

  /** Loading waits for `after`; `startWorker` starts the runtime's worker script. */
  constructor(
    private readonly after: Promise<void>,
    private readonly startWorker: () => Worker,
  ) {}

  /** Told of notices while something runs, such as a device that was lost. */
  readonly onNotice = (told: Notice): void => {
    notice(told.message);
    void this.loading?.then((runtime) => showReady(runtime, ""));
  };

  /** The runtime; starts to load it on the first call. */
  ready(): Promise<GenoLeWMRuntime> {
    this.loading ??= this.load();
    return this.loading;
  }

  /** Takes another way to compute. What was opened with the old runtime is gone. */
  async choose(choice: BackendChoice): Promise<void> {
    if (choice === this.choice) return;
    const old = this.loading;
    this.choice = choice;
    this.loading = undefined;
    this.turn += 1;
    await old?.then((runtime) => runtime.dispose()).catch(() => undefined);
  }

  private async load(): Promise<GenoLeWMRuntime> {
    const line = byId("engine-line");
    const turn = ++this.turn;
    const current = () => turn === this.turn;
    delete line.dataset.backend;
    // What is said while loading, such as why the processor was taken, stands in the page's foot.
    const said: string[] = [];
    let loaded = false;
    try {
      await this.after;
      const runtime = await GenoLeWMRuntime.load(builtin, {
        backend: this.choice,
        startWorker: this.startWorker,
        onProgress: (progress) => current() && setText(line, stageText(progress)),
        onNotice: (told) => (loaded ? this.onNotice(told) : said.push(told.message)),
      });
      loaded = true;
      if (current()) showReady(runtime, said.join(" "));
      return runtime;
    } catch (error) {
      if (current()) {
        // The next call tries again.
        this.loading = undefined;
        fill(line, "The model is not loaded.");
      }
      throw error;
    }
  }
}

/** Says on what the model runs, now that it does. */
function showReady({ backend, device }: GenoLeWMRuntime, why: string): void {
  const line = byId("engine-line");
  const where = backend === "webgpu" ? "the graphics processor" : "the processor";
  setText(line, `Model ready: it runs on ${where} of this device (${device}). ${why}`.trim());
  line.dataset.backend = backend;
}

function stageText(progress: Progress): string {
  if (progress.kind !== "load") return "";
  const { doneBytes, totalBytes } = progress;
  if (doneBytes !== undefined && totalBytes !== undefined) {
    return `${STAGES.model}: ${size(doneBytes)} of ${size(totalBytes)}`;
  }
  return `${STAGES[progress.stage]}: ${Math.floor((progress.done / progress.total) * 100)} %`;
}

/** Shows why the model could not be loaded. */
export function loadProblem(error: unknown): HTMLElement {
  return problem(error, "The model could not be loaded");
}
