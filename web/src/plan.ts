import type { Inspection, Reference } from "@genolewm/runtime";
import type { BackendChoice } from "./engine.ts";
import { byId, button, facts, fill, h } from "./dom.ts";
import { parseRegions, whyNowhere } from "./contigs.ts";
import { count, plural, rate, roughly } from "./format.ts";
import type { Whose } from "./intake/whose.ts";
import { choice, labelled } from "./pieces.ts";
import { reasonWords } from "./results/words.ts";
import { type Forecast, type Trial, type ViewsChoice, forecast } from "./trial.ts";

const HOW_TO_WRITE_REGIONS =
  "Write regions like chr17:41196312-41277500, with commas between several.";

/** What the third step hands on. */
export interface PlanHandlers {
  start(): void;
  /** Regions or the way to compute were changed: what was measured no longer holds. */
  settings(settings: Settings): void;
  /** The views in which the model reads a variant. */
  views(): readonly string[];
}

/** What can be set before a run. */
export interface Settings {
  readonly whose: Whose;
  readonly regions: string;
  readonly backend: BackendChoice;
  readonly views: ViewsChoice;
}

/** Says that the device is being measured. */
export function showMeasuring(): void {
  byId("step-plan").hidden = false;
  fill(
    byId("plan"),
    h("p.busy", { role: "status" }, "Scoring the first few to measure this device…"),
  );
}

/** Shows why a run would fail, before it starts: nothing can be started, and the settings changed. */
export function showPlanProblem(
  shown: HTMLElement,
  reference: Reference | undefined,
  settings: Settings,
  handlers: PlanHandlers,
): void {
  byId("step-plan").hidden = false;
  const start = startButton(true, handlers);
  fill(
    byId("plan"),
    facts([["Will be scored", h("span", { "data-testid": "plan-scored" }, "0: nothing as it is")]]),
    shown,
    h("p.button-row", start),
    reference !== undefined && settingsPart(reference, settings, handlers, start),
  );
}

/** Hides the third step. */
export function hidePlan(): void {
  byId("step-plan").hidden = true;
  fill(byId("plan"));
}

/** Says what will happen, and offers to start. */
export function showPlan(
  found: Inspection,
  reference: Reference,
  trial: Trial,
  settings: Settings,
  handlers: PlanHandlers,
): void {
  const ahead = forecast(found, reference, trial);
  const start = startButton(ahead.alleles === 0, handlers);
  fill(
    byId("plan"),
    facts([
      [
        "Will be scored",
        h("span", { "data-testid": "plan-scored" }, scoredWords(found, ahead, settings)),
      ],
      ["Will take", h("span", { "data-testid": "plan-time" }, timeWords(ahead, trial, settings))],
      ["Will be skipped", skippedWords(found, ahead, trial)],
    ]),
    h("p.button-row", start),
    settingsPart(reference, settings, handlers, start),
  );
}

function startButton(disabled: boolean, handlers: PlanHandlers): HTMLButtonElement {
  const look = { class: "button primary large", "data-testid": "start", disabled };
  return button("Start scoring", look, handlers.start);
}

function scoredWords(
  found: Inspection,
  { alleles, exact }: Forecast,
  { regions }: Settings,
): string {
  if (alleles === 0 && (found.reasons.not_carried ?? 0) > 0 && found.candidates === 0)
    return "Nothing: by the genotypes in the file, none of its changes is carried.";
  if (alleles === 0) return "Nothing: no variant of this file lies on this reference.";
  if (regions !== "") return `Those of ${plural(alleles, "variant")} that lie in ${regions}`;
  return exact ? plural(alleles, "variant") : `About ${plural(alleles, "variant")}`;
}

function timeWords({ seconds }: Forecast, { perSecond }: Trial, { regions }: Settings): string {
  if (perSecond === null || seconds === null)
    return "That could not be measured in a few seconds; the run will say.";
  const speed = `${rate(perSecond)} a second, measured on this device just now`;
  return regions === ""
    ? `${roughly(seconds)} (${speed})`
    : `${speed}, and as long as the region needs`;
}

function skippedWords(found: Inspection, { reasons }: Forecast, trial: Trial): HTMLElement {
  const item = (reason: string, number: string) =>
    h(
      "li",
      { "data-reason": reason },
      h("code", reason),
      " ",
      h("strong", number),
      " ",
      h("span", reasonWords(reason)),
    );
  const rows = reasons.map(([reason, alleles]) => item(reason, count(alleles)));
  if (found.malformed > 0) rows.push(item("malformed", count(found.malformed)));
  // What only the reference tells shows in the trial, as a share.
  const known = new Set(reasons.map(([reason]) => reason));
  const met = trial.scored + trial.skipped;
  for (const [reason, alleles] of trial.reasons) {
    if (!known.has(reason) && reason !== "malformed")
      rows.push(item(reason, `${count(alleles)} of the first ${count(met)}`));
  }
  if (rows.length === 0)
    return h(
      "span",
      { "data-testid": "plan-skipped" },
      "None, as far as can be told now. The reference may still disagree with some.",
    );
  return h("ul.reasons", { "data-testid": "plan-skipped" }, ...rows);
}

const BACKENDS: readonly (readonly [BackendChoice, string])[] = [
  ["auto", "Automatic"],
  ["cpu", "Processor"],
  ["webgpu", "Graphics processor (WebGPU)"],
];

/** How many views are computed, where a model has several. */
function viewsChoice(views: readonly string[], chosen: ViewsChoice): HTMLSelectElement | null {
  if (views.length < 2) return null;
  const all = `All ${views.length} readings of a variant`;
  const options: [ViewsChoice, string][] = [
    ["all", all],
    ["fast", "One: faster, with percentiles of low confidence"],
  ];
  return choice("plan-views", options, chosen);
}

function settingsPart(
  reference: Reference,
  settings: Settings,
  handlers: PlanHandlers,
  start: HTMLButtonElement,
): HTMLElement {
  const regions = h("input", {
    type: "text",
    value: settings.regions,
    placeholder: "chr17:41196312-41277500,chrX",
    autocomplete: "off",
    spellcheck: "false",
    "data-testid": "plan-regions",
  });
  const backend = choice("plan-backend", BACKENDS, settings.backend);
  const views = viewsChoice(handlers.views(), settings.views);
  const wrong = h("p.field-problem", { role: "alert", "data-testid": "plan-regions-problem" });
  const startable = !start.disabled;
  const check = (): string | undefined => {
    const wanted = parseRegions(regions.value);
    const nowhere = wanted === undefined ? undefined : whyNowhere(wanted, reference);
    wrong.textContent = wanted === undefined ? HOW_TO_WRITE_REGIONS : (nowhere ?? "");
    regions.setAttribute("aria-invalid", String(wrong.textContent !== ""));
    // What stands in the box and what would be scored must be the same.
    start.disabled = !startable || wanted !== settings.regions;
    return nowhere === undefined ? wanted : undefined;
  };
  regions.addEventListener("input", check);
  const apply = () => {
    const wanted = check();
    if (wanted === undefined) return;
    handlers.settings({
      ...settings,
      regions: wanted,
      backend: backend.value as BackendChoice,
      views: (views?.value ?? "all") as ViewsChoice,
    });
  };
  return h(
    "details.settings",
    {
      open: settings.regions !== "" || settings.backend !== "auto" || settings.views !== "all",
    },
    h("summary", "Settings"),
    h(
      "div.filters",
      labelled("Only these regions (empty for all)", regions, true),
      labelled("Compute with", backend),
      views && labelled("How thoroughly", views),
      button("Apply", { class: "button slim", "data-testid": "plan-apply" }, apply),
    ),
    wrong,
  );
}
