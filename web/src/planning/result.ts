import type { PlanResult, WindowEdit } from "@genolewm/runtime";
import { h } from "../dom.ts";
import { allele, count, figure, locus, plural } from "../format.ts";
import { rowOf, tableOf } from "../pieces.ts";
import type { Step } from "./steps.ts";
import type { Piece, Target } from "./windows.ts";

/** What was planned, and what came of it. */
export interface Planned {
  readonly start: Piece;
  readonly target: Target;
  readonly plan: PlanResult;
  readonly steps: readonly Step[];
}

/** What came of a plan, in a sentence. */
export function outcomeWords({ plan }: Planned): string {
  if (plan.edits.length === 0) return "No plan was found that is better than no change at all.";
  const { initialDistance: before, realDistance: real } = plan;
  const percent = `${((Math.abs(before - real) / before) * 100).toFixed(1)} %`;
  const made = `${plural(plan.edits.length, "change")}, really made,`;
  const s = plan.edits.length === 1 ? "s" : "";
  return real < before
    ? `${made} bring${s} the piece ${percent} closer to the target.`
    : `${made} take${s} the piece ${percent} further from the target: the prediction was wrong here.`;
}

/** The plan as tables, with what its figures mean. */
export function resultView(planned: Planned): HTMLElement {
  const { plan, target } = planned;
  return h(
    "div.planned",
    h("p.found", { "data-testid": "planning-outcome" }, outcomeWords(planned)),
    distances(planned),
    edits(planned),
    target.hidden.length > 0 && hiddenPart(planned),
    h("p.fine", searchWords(plan)),
  );
}

function distances({ plan, steps }: Planned): HTMLElement {
  const predicted = steps.at(-1)?.predicted ?? plan.initialDistance;
  const cosine = plan.predictionErrorCosine;
  const rows = [
    ["Before any change", figure(plan.initialDistance), "the piece as it is"],
    ["Predicted", figure(predicted), "what the model expected of the changes"],
    ["Really made", figure(plan.realDistance), "the changed piece, read by the model anew"],
    [
      "Prediction was off by",
      figure(Math.abs(predicted - plan.realDistance)),
      `the predicted picture lies ${figure(plan.predictionErrorL2)} from the real one${cosine === null ? "" : ` (1 − cosine: ${figure(cosine)})`}`,
    ],
  ];
  const body = h("tbody", ...rows.map(rowOf));
  return h(
    "section",
    h("h3", "Distance from the target"),
    tableOf(["Picture", "Distance", "What it is"], body, { "data-testid": "planning-distances" }),
  );
}

function edits({ plan, start, steps }: Planned): HTMLElement | false {
  if (plan.edits.length === 0) return false;
  const rows = plan.edits.map((edit, at) => {
    const { predicted, real } = steps[at] as Step;
    const figures = [
      figure(predicted),
      real === null ? "–" : figure(real),
      real === null ? "–" : figure(Math.abs(predicted - real)),
    ];
    const row = rowOf([String(at + 1), placeWords(edit, start), "", kindOf(edit), ...figures]);
    row.children[2]?.append(
      h("code", { title: edit.ref }, allele(edit.ref, 20)),
      " → ",
      h("code", { title: edit.alt }, allele(edit.alt, 20)),
    );
    return row;
  });
  const heads = ["No.", "Place", "Change", "Kind", "Predicted", "Really made", "Off by"];
  return h(
    "section",
    h("h3", "The changes"),
    h("p.fine", "Distances are those of each change together with the ones above it."),
    h(
      "div.table-scroll",
      { tabindex: 0, role: "region", "aria-label": "The changes of the plan" },
      tableOf(heads, h("tbody", ...rows), { "data-testid": "planning-edits" }),
    ),
  );
}

/** Where an edit lies: on the reference where the piece is of one, and in the piece. */
function placeWords({ relPos }: WindowEdit, { place }: Piece): string {
  const base = `base ${count(relPos + 1)}`;
  if (place === null) return base;
  return `${locus(place.contig, place.start + relPos + 1)} (${base})`;
}

function kindOf({ ref, alt }: WindowEdit): string {
  if (ref.length === alt.length) return ref.length === 1 ? "one base" : "several bases";
  return alt.length > ref.length ? "inserted" : "deleted";
}

function hiddenPart({ plan, start, target }: Planned): HTMLElement {
  const { hidden, bases } = target;
  const same = plan.edits.filter(
    ({ relPos, ref, alt }) => ref.length === 1 && alt.length === 1 && bases[relPos] === alt,
  ).length;
  const shown = hidden.map((at) => `${count(at + 1)} ${start.bases[at]}→${bases[at]}`);
  return h(
    "details",
    h("summary", `The ${plural(hidden.length, "hidden change")}`),
    h("p", `${shown.join(", ")}.`),
    h(
      "p",
      `The plan has ${count(same)} of them. It need not have any: to the model many changes look alike.`,
    ),
  );
}

const STOPPED: Readonly<Record<PlanResult["stoppedReason"], string>> = {
  distance_threshold: "The search ended because the plan was close enough.",
  patience: "The search ended because further rounds found nothing better.",
  max_iterations: "The search ended with its last round.",
  no_candidates: "The search ended because no change keeps to the limits.",
};

function searchWords({ evaluations, dropped, rounds, stoppedReason }: PlanResult): string {
  const left = dropped === 0 ? "" : `; for ${count(dropped)} there was no room`;
  return `${plural(evaluations, "candidate")} in ${plural(rounds.length, "round")}${left}. ${STOPPED[stoppedReason]}`;
}

/** Everything about a plan, to be saved: as it is shown, with the report and its receipt. */
export function planFile({ start, target, plan, steps }: Planned, settings: object): Blob {
  // Ranked by what was really made, the plan's own distance is the real one.
  const { report, receipt, distance: _d, predictedState: _p, realState: _r, ...figures } = plan;
  const place = (edit: WindowEdit) =>
    start.place === null
      ? {}
      : { contig: start.place.contig, pos: start.place.start + edit.relPos + 1 };
  const { predicted = plan.initialDistance } = steps.at(-1) ?? {};
  const content = {
    notice: "A research tool, never a diagnostic. A plan says what moves a model's picture of DNA.",
    start,
    target,
    settings,
    ...figures,
    predictedDistance: predicted,
    edits: plan.edits.map((edit, at) => ({ ...edit, ...place(edit), ...steps[at] })),
    // As text: the receipt binds these bytes.
    report,
    receipt: JSON.parse(receipt) as unknown,
  };
  return new Blob([`${JSON.stringify(content, null, 2)}\n`], { type: "application/json" });
}
