import type { GenoLeWMRuntime, Reference } from "@genolewm/runtime";
import { type Attributes, byId, button, facts, fill, h } from "../dom.ts";
import { isAbort, problem } from "../errors.ts";
import { count, figure, locus, ordinal, percentile } from "../format.ts";
import { verdictView } from "../verdict.ts";
import { basesAround } from "./bases.ts";
import { saveAs } from "./exports.ts";
import type { Store } from "./store.ts";
import {
  INDEL_CAUTION,
  MEANS,
  MEANS_NOT,
  bucketWords,
  changeWords,
  confidenceWords,
  consequenceWords,
  copiesWords,
  rankWords,
  repeatWords,
} from "./words.ts";

const RAW = "distance between what was predicted and what was read";
const SHIFT = "how far the model expects the change to carry";

/** What the detail view walks through: the table, in its order. */
export interface Listing {
  count(): number;
  row(position: number): number;
  positionOf(row: number): number;
  select(position: number): void;
  focus(): void;
}

/** All about one variant, in a dialog. */
export class Detail {
  private readonly dialog = byId<HTMLDialogElement>("detail");
  private readonly listeners = new AbortController();
  private loading = new AbortController();
  private row = 0;

  constructor(
    private readonly store: Store,
    private readonly listing: Listing,
    private readonly reference: Reference,
    private readonly runtime: GenoLeWMRuntime,
  ) {
    const { signal } = this.listeners;
    this.dialog.addEventListener("close", () => this.closed(), { signal });
    this.dialog.addEventListener(
      "click",
      (event) => event.target === this.dialog && this.dialog.close(),
      { signal },
    );
    this.dialog.addEventListener("keydown", (event) => this.onKey(event), { signal });
  }

  /** Opens the dialog for a row of the store. */
  open(row: number): void {
    this.show(row);
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
  }

  /** Lets go of the page's dialog: another run takes it over. */
  dispose(): void {
    this.listeners.abort();
    this.loading.abort();
    if (this.dialog.open) this.dialog.close();
    fill(this.dialog);
  }

  private show(row: number): void {
    this.loading.abort();
    this.loading = new AbortController();
    this.row = row;
    const focused = document.activeElement?.getAttribute("data-testid");
    fill(
      this.dialog,
      h(
        "div.detail-body",
        this.head(),
        this.verdict(),
        this.caution(),
        this.bases(),
        this.figures(),
        meaning(),
        this.receipt(),
      ),
    );
    // The buttons were made anew; whoever steps through the variants keeps the one in use.
    const again = focused?.startsWith("detail-")
      ? this.dialog.querySelector<HTMLElement>(`[data-testid="${focused}"]:not(:disabled)`)
      : null;
    if (this.dialog.open)
      (again ?? this.dialog.querySelector<HTMLElement>('[data-testid="detail-close"]'))?.focus();
  }

  private closed(): void {
    this.loading.abort();
    const position = this.listing.positionOf(this.row);
    if (position >= 0) this.listing.select(position);
    this.listing.focus();
  }

  private onKey(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target instanceof HTMLInputElement)
      return;
    if (event.key === "ArrowLeft") this.step(-1);
    else if (event.key === "ArrowRight") this.step(1);
    else return;
    event.preventDefault();
  }

  private step(by: number): void {
    const position = this.listing.positionOf(this.row) + by;
    if (position < 0 || position >= this.listing.count()) return;
    this.show(this.listing.row(position));
    this.dialog.scrollTop = 0;
  }

  private get consequence(): string {
    const { scored, words } = this.store;
    return words.consequences.text(scored.consequence.at(this.row));
  }

  private get edit() {
    return this.store.allele(this.store.scored, this.row);
  }

  private head(): HTMLElement {
    const { contig, pos, ref, alt, gene, id, zygosity } = this.edit;
    const copies = copiesWords(zygosity);
    const change = h(
      "p.detail-change",
      changeWords(ref, alt),
      gene !== "" && h("span.tag", gene),
      id !== "" && h("span.tag", id),
      copies !== "" && h("span.tag", { "data-testid": "detail-copies" }, copies),
    );
    const title = h(
      "h2",
      { id: "detail-title", "data-testid": "detail-title" },
      locus(contig, pos),
    );
    return h("div.detail-head", h("div", title, change), this.buttons());
  }

  private buttons(): HTMLElement {
    const position = this.listing.positionOf(this.row);
    const [first, last] = [position <= 0, position < 0 || position === this.listing.count() - 1];
    const slim = (label: string, more: Attributes, act: () => void) => {
      const testid = `detail-${label.toLowerCase()}`;
      return button(label, { class: "button slim", "data-testid": testid, ...more }, act);
    };
    return h(
      "div.detail-buttons",
      slim("Previous", { disabled: first }, () => this.step(-1)),
      slim("Next", { disabled: last }, () => this.step(1)),
      slim("Close", { autofocus: true }, () => this.dialog.close()),
    );
  }

  private verdict(): HTMLElement {
    const { scored, words } = this.store;
    const share = scored.percentile.at(this.row);
    const bucket = words.buckets.text(scored.bucket.at(this.row));
    const told = consequenceWords(this.edit.gene, this.consequence);
    const gauge = h("div.gauge", { "aria-hidden": "true" }, h("span"));
    gauge.style.setProperty("--share", String(share));
    return h(
      "div.detail-verdict",
      h(
        "p.big",
        { "data-testid": "detail-percentile" },
        ordinal(share),
        h("small", " percentile of surprise"),
      ),
      gauge,
      h("p", { "data-testid": "detail-rank" }, rankWords(share, bucket)),
      told !== undefined && h("p", { "data-testid": "detail-consequence" }, told),
      h("p.fine", "This is research output and not a diagnosis."),
    );
  }

  private caution(): HTMLElement | null {
    return this.store.isAmongOthers(this.row)
      ? h("p.caution", { "data-testid": "detail-caution" }, INDEL_CAUTION)
      : null;
  }

  private bases(): HTMLElement {
    const place = h("section", h("h3", "The DNA around it"));
    const { signal } = this.loading;
    basesAround(this.reference, this.edit, signal).then(
      (shown) => place.append(shown),
      (error: unknown) =>
        isAbort(error) || place.append(problem(error, "The reference could not be read here")),
    );
    return place;
  }

  private figures(): HTMLElement {
    const { scored, words } = this.store;
    const { row } = this;
    const bucket = words.buckets.text(scored.bucket.at(row));
    const window = this.runtime.model.windowBp;
    const start = scored.windowStart.at(row);
    const [confidence, low] = [scored.confidence.at(row), scored.lowConfidence.at(row) === 1];
    const fine = (text: string) => h("span.fine", ` ${text}`);
    const scoredAs = scored.scoredAs.get(row);
    const spelling: Parameters<typeof facts>[0] =
      scoredAs === undefined
        ? []
        : [
            [
              "Scored as",
              h("code", { "data-testid": "detail-scored-as" }, scoredAs),
              fine(
                "the same change in its shortest form, which every spelling of it is brought to",
              ),
            ],
          ];
    const list = facts([
      ["Percentile", percentile(scored.percentile.at(row))],
      ["Raw surprise", figure(scored.sigmaRaw.at(row)), fine(RAW)],
      ["Shift", figure(scored.displacement.at(row)), fine(SHIFT)],
      [
        "Compared with",
        `${bucketWords(bucket)} `,
        h("code", { "data-testid": "detail-bucket" }, bucket),
      ],
      this.consequence !== "" && [
        "Consequence",
        h("code", this.consequence.replaceAll("&", ", ")),
        fine(words.transcripts.text(scored.transcript.at(row))),
      ],
      [
        "Repeat",
        h(
          "span",
          { "data-testid": "detail-repeat" },
          repeatWords(words.repeats.text(scored.repeat.at(row))),
        ),
      ],
      [
        "Confidence",
        h("span", { "data-testid": "detail-confidence" }, confidence.toFixed(2)),
        fine(confidenceWords(confidence, low)),
      ],
      ["Window", `${count(window)} bases from ${count(start + 1)}`],
      ...spelling,
      ["In your file", `line ${count(scored.line.at(row))}`],
    ]);
    return h("section", h("h3", "Figures"), list);
  }

  private receipt(): HTMLElement {
    const bytes = this.store.scored.receiptBytes.at(this.row);
    const section = h("section", { "data-testid": "detail-receipt" }, h("h3", "Receipt"));
    if (bytes === 0) section.append(h("p", "This score has no receipt."));
    else
      void this.store.files.receipt(this.store.scored.receiptOffset.at(this.row), bytes).then(
        (text) => section.append(...this.receiptParts(text)),
        (error: unknown) => section.append(problem(error)),
      );
    return section;
  }

  private receiptParts(text: string): HTMLElement[] {
    const file = new Blob([text], { type: "application/json" });
    const outcome = h("div");
    const check = () =>
      void this.runtime.verifyReceipt(file).then(
        (verdict) => fill(outcome, verdictView(verdict)),
        (error: unknown) => fill(outcome, problem(error)),
      );
    return [
      h(
        "p.fine",
        "It binds this score to the model, the reference and the change by checksums. Keep it as private as your file.",
      ),
      h(
        "p.button-row",
        button(
          "Save this receipt",
          { class: "button slim", "data-testid": "detail-receipt-save" },
          () => saveAs(file, "genolewm-receipt.json"),
        ),
        button("Check it", { class: "button slim", "data-testid": "detail-receipt-check" }, check),
      ),
      outcome,
      h(
        "details",
        h("summary", "Show it"),
        h(
          "pre",
          { tabindex: 0, "aria-label": "Receipt" },
          JSON.stringify(JSON.parse(text), null, 2),
        ),
      ),
    ];
  }
}

function meaning(): HTMLElement {
  return h(
    "div.meaning",
    h("section", h("h3", "What the number means"), ...MEANS.map((text) => h("p", text))),
    h("section", h("h3", "What it does not mean"), ...MEANS_NOT.map((text) => h("p", text))),
  );
}
