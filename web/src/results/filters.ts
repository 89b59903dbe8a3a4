import { button, h } from "../dom.ts";
import { parseStretch, plainContig } from "../contigs.ts";
import { choice, labelled } from "../pieces.ts";
import { between } from "../plot/bins.ts";
import { kindOf, severity, termWords } from "./words.ts";
import type { Store } from "./store.ts";

type Test = (row: number) => boolean;

const MOST_SUGGESTED_GENES = 2000;

/** The controls that choose which variants the table shows. */
export class Filters {
  readonly element: HTMLElement;
  private readonly contig = choice("filter-contig", [["", "All"]]);
  private readonly region = field("filter-region", {
    placeholder: "chr17:41,200,000-41,250,000",
    size: 21,
  });
  private readonly gene = field("filter-gene", { placeholder: "BRCA1", list: "genes", size: 8 });
  private readonly from = field("filter-percentile-from", {
    type: "number",
    min: 0,
    max: 100,
    step: "any",
    placeholder: "0",
  });
  private readonly to = field("filter-percentile-to", {
    type: "number",
    min: 0,
    max: 100,
    step: "any",
    placeholder: "100",
  });
  private readonly confidence = choice("filter-confidence", [
    ["", "Any"],
    ["ok", "Not low"],
    ["0.5", "At least 0.5"],
    ["1", "Full"],
  ]);
  private readonly kind = choice("filter-kind", [
    ["", "All"],
    ["substitution", "Bases exchanged"],
    ["indel", "Inserted or deleted"],
  ]);
  private readonly consequence = choice("filter-consequence", [["", "All"]]);
  private readonly genes = h("datalist", { id: "genes" });
  private readonly geneField = labelled("Gene", this.gene);
  private known = { contigs: 0, genes: 0, consequences: 0 };

  constructor(
    private readonly store: Store,
    changed: () => void,
  ) {
    this.geneField.hidden = true;
    const percentiles = h(
      "fieldset.field.pair",
      h("legend", "Percentile"),
      h("label", h("span.unseen", "Percentile from"), this.from),
      " to ",
      h("label", h("span.unseen", "Percentile to"), this.to),
    );
    this.element = h(
      "div.filters",
      {
        role: "group",
        "aria-label": "Filter the table",
        "data-testid": "filters",
      },
      labelled("Chromosome", this.contig),
      labelled("Region", this.region),
      this.geneField,
      this.genes,
      store.annotated && labelled("Consequence", this.consequence),
      percentiles,
      labelled("Confidence", this.confidence),
      labelled("Kind", this.kind),
      button("Clear", { class: "button slim", "data-testid": "filter-clear" }, () =>
        this.clear(changed),
      ),
    );
    this.element.addEventListener("input", changed);
  }

  /** Shows only percentiles of a range, as a click on the histogram asks for. */
  setPercentiles(from: number, to: number): void {
    this.from.value = String(from);
    this.to.value = String(to);
    this.from.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Offers the contigs, genes and consequences that came since the last call. */
  refresh(): void {
    const { contigs, genes, consequences } = this.store.words;
    if (consequences.all().length > this.known.consequences) this.offerConsequences();
    for (const name of contigs.all().slice(this.known.contigs))
      this.contig.append(h("option", { value: name }, name));
    for (const name of genes.all().slice(Math.max(1, this.known.genes), MOST_SUGGESTED_GENES)) {
      this.genes.append(h("option", { value: name }));
    }
    this.known = {
      contigs: contigs.all().length,
      genes: genes.all().length,
      consequences: consequences.all().length,
    };
    this.geneField.hidden = !this.store.hasGenes;
  }

  /** Whether a row passes all filters, as they are set now. */
  predicate(): Test {
    const tests = [
      this.inContig(),
      this.inRegion(),
      this.inGene(),
      this.withConsequence(),
      this.inPercentiles(),
      this.confident(),
      this.ofKind(),
    ];
    const needed = tests.filter((test) => test !== undefined);
    return (row) => needed.every((test) => test(row));
  }

  /** Each term by itself, the most severe first; what is chosen stays. */
  private offerConsequences(): void {
    const chosen = this.consequence.value;
    const all = this.store.words.consequences.all().flatMap((text) => text.split("&"));
    const terms = [...new Set(all)].filter(Boolean).sort((a, b) => severity(a) - severity(b));
    const options = terms.map((term) => h("option", { value: term }, termWords(term)));
    this.consequence.replaceChildren(h("option", { value: "" }, "All"), ...options);
    this.consequence.value = chosen;
  }

  private withConsequence(): Test | undefined {
    const wanted = this.consequence.value;
    if (wanted === "") return undefined;
    const { scored, words } = this.store;
    const accepted: boolean[] = [];
    return (row) => {
      const number = scored.consequence.at(row);
      return (accepted[number] ??= words.consequences.text(number).split("&").includes(wanted));
    };
  }

  private clear(changed: () => void): void {
    for (const control of this.element.querySelectorAll<HTMLInputElement | HTMLSelectElement>(
      "input, select",
    ))
      control.value = "";
    changed();
  }

  private inContig(): Test | undefined {
    if (this.contig.value === "") return undefined;
    const wanted = this.store.words.contigs.find(this.contig.value);
    return (row) => this.store.scored.contig.at(row) === wanted;
  }

  private inRegion(): Test | undefined {
    const stretch = this.region.value.trim() === "" ? undefined : parseStretch(this.region.value);
    const wrong = this.region.value.trim() !== "" && stretch === undefined;
    this.region.setCustomValidity(wrong ? "Write a region like chr17:41,200,000-41,250,000" : "");
    this.region.setAttribute("aria-invalid", String(wrong));
    if (stretch === undefined) return undefined;
    const { scored, words } = this.store;
    const wanted = stretch.contig === null ? null : plainContig(stretch.contig);
    const named = words.contigs
      .all()
      .map((name) => wanted === null || plainContig(name) === wanted);
    return (row) => {
      const pos = scored.pos.at(row);
      return pos >= stretch.first && pos <= stretch.last && (named[scored.contig.at(row)] ?? false);
    };
  }

  /** Any gene whose name begins with the text: files write several genes as `BRCA1:NBR2` or alike. */
  private inGene(): Test | undefined {
    const wanted = this.gene.value.trim().toUpperCase();
    if (wanted === "") return undefined;
    const fits = this.store.words.genes.all().map((name) =>
      name
        .toUpperCase()
        .split(/[^A-Z0-9.-]+/)
        .some((part) => part.startsWith(wanted)),
    );
    return (row) => fits[this.store.scored.gene.at(row)] ?? false;
  }

  private inPercentiles(): Test | undefined {
    if (this.from.value === "" && this.to.value === "") return undefined;
    const from = this.from.value === "" ? 0 : Number(this.from.value);
    const to = this.to.value === "" ? 100 : Number(this.to.value);
    const fits = between(from, to);
    return (row) => fits(this.store.scored.percentile.at(row));
  }

  private confident(): Test | undefined {
    const { scored } = this.store;
    switch (this.confidence.value) {
      case "":
        return undefined;
      case "ok":
        return (row) => scored.lowConfidence.at(row) === 0;
      default: {
        const least = Number(this.confidence.value);
        return (row) => scored.confidence.at(row) >= least;
      }
    }
  }

  private ofKind(): Test | undefined {
    const { scored, words } = this.store;
    const wanted = this.kind.value;
    if (wanted === "") return undefined;
    const alleles = words.alleles;
    return (row) =>
      kindOf(alleles.text(scored.ref.at(row)), alleles.text(scored.alt.at(row))) === wanted;
  }
}

function field(testid: string, attributes: Record<string, string | number>): HTMLInputElement {
  return h("input", {
    type: "text",
    autocomplete: "off",
    spellcheck: "false",
    "data-testid": testid,
    ...attributes,
  });
}
