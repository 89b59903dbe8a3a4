import type { Inspection, ModelInfo, ScoreSummary } from "@genolewm/runtime";
import { byId, facts, fill, h } from "../dom.ts";
import { count, elapsed, figure, locus, percentile } from "../format.ts";
import { tableOf } from "../pieces.ts";
import type { Store } from "./store.ts";
import { MEANS, MEANS_NOT, reasonWords, termWords } from "./words.ts";

const TOP = 25;

/** What a report is about. */
export interface ReportMatter {
  readonly store: Store;
  readonly inspection: Inspection;
  readonly model: ModelInfo;
  readonly summary: ScoreSummary | null;
  readonly histogram: Node;
  readonly overview: Node;
}

/** Fills the part of the page that only printers show. It names no file and no person. */
export function buildReport(matter: ReportMatter): void {
  const { store, inspection, model, summary, histogram, overview } = matter;
  const texts = (all: readonly string[]) => all.map((text) => h("p", text));
  fill(
    byId("report"),
    h("h1", "GenoLeWM report"),
    h(
      "p.report-banner",
      h("strong", "A research tool, not a diagnosis. "),
      "A score says nothing certain about anybody’s health. For that, talk to a genetic counsellor.",
    ),
    summary === null &&
      h("p", h("strong", "The run was not finished: this is a part of the file.")),
    accounts(store, inspection, model, summary),
    h("h2", "Percentiles"),
    histogram,
    h("h2", "Along the genome"),
    overview,
    h("h2", `The ${TOP} highest percentiles`),
    store.hasAmongOthers &&
      h(
        "p",
        "Insertions and deletions that were compared with changes of all kinds are left out here: they lead such lists because of how the model reads DNA.",
      ),
    topTable(store),
    h("h2", "Not scored"),
    reasons(store),
    h("h2", "What the numbers mean"),
    ...texts(MEANS),
    h("h2", "What they do not mean"),
    ...texts(MEANS_NOT),
  );
}

function accounts(
  store: Store,
  inspection: Inspection,
  model: ModelInfo,
  summary: ScoreSummary | null,
): HTMLElement {
  const backends = Object.entries(summary?.backends ?? {}).map(
    ([name, alleles]) => `${name} (${count(alleles)})`,
  );
  return facts([
    ["File", `${inspection.formatName}, ${count(inspection.records)} records`],
    [
      "Build of the genome",
      inspection.assembly === null ? "not told by the file" : inspection.assembly.assembly,
    ],
    ["Scored", count(store.scored.count)],
    ["Skipped", count(store.skipped.count)],
    ["Model", h("code", model.modelId)],
    ["States", h("code", model.stateContract)],
    summary !== null && ["Computed by", backends.join(", ")],
    summary !== null && ["Time", elapsed(summary.seconds)],
    ["Printed", new Date().toLocaleDateString("en-GB", { dateStyle: "long" })],
  ]);
}

function topTable(store: Store): HTMLElement {
  const { scored, words } = store;
  const rows = top(store).map((row) => {
    const { contig, pos, ref, alt, gene, id } = store.allele(scored, row);
    const cells = [
      locus(contig, pos),
      id,
      `${ref} → ${alt}`,
      gene,
      percentile(scored.percentile.at(row)),
      figure(scored.sigmaRaw.at(row)),
      scored.confidence.at(row).toFixed(2),
    ];
    if (store.annotated) {
      const consequence = words.consequences.text(scored.consequence.at(row));
      cells.push(consequence.split("&").map(termWords).join(", "));
    }
    return h("tr", ...cells.map((cell) => h("td", cell)));
  });
  const head = ["Position", "Name", "Change", "Gene", "Percentile", "Raw surprise", "Confidence"];
  if (store.annotated) head.push("Consequence");
  return tableOf(head, h("tbody", ...rows), { "data-testid": "report-top" });
}

/** The rows with the highest percentiles, the raw surprise deciding between equals. */
function top(store: Store): number[] {
  const { scored } = store;
  const best: number[] = [];
  const above = (a: number, b: number) =>
    scored.percentile.at(a) - scored.percentile.at(b) ||
    scored.sigmaRaw.at(a) - scored.sigmaRaw.at(b);
  for (let row = 0; row < scored.count; row += 1) {
    const last = best[TOP - 1];
    if (last !== undefined && above(row, last) <= 0) continue;
    if (store.isAmongOthers(row)) continue;
    const place = best.findIndex((other) => above(row, other) > 0);
    best.splice(place < 0 ? best.length : place, 0, row);
    best.length = Math.min(best.length, TOP);
  }
  return best;
}

function reasons(store: Store): HTMLElement {
  if (store.reasons.size === 0) return h("p", "Everything was scored.");
  return h(
    "ul",
    ...[...store.reasons].map(([name, number]) =>
      h("li", `${count(number)} ${name}: ${reasonWords(name)}`),
    ),
  );
}
