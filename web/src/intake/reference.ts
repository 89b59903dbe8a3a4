import type { Inspection, Reference } from "@genolewm/runtime";
import { byId, button, facts, fill, h } from "../dom.ts";
import { count, plural, sentence, size } from "../format.ts";
import { progressBar } from "../pieces.ts";
import { onChosen, onDrop } from "./drop.ts";

/** What the second step hands on. */
export interface ReferenceHandlers {
  files(files: File[]): void;
  demo(): void;
}

const WHY =
  "Your file says where you differ from a reference. To read the DNA around each place, this page needs that reference too.";
const DOWNLOADS = "https://hgdownload.soe.ucsc.edu/goldenPath";

/** Back to before the question: what stood here belongs to the last file. */
export function resetReferenceStep(): void {
  byId("step-reference").hidden = true;
  for (const id of ["reference-choice", "reference-found"]) fill(byId(id));
}

/** Asks for the reference on which the variants were called. */
export function askForReference(found: Inspection, handlers: ReferenceHandlers): void {
  const step = byId("reference-choice");
  step.hidden = false;
  byId("reference-found").hidden = true;
  byId("step-reference").hidden = false;
  fill(
    step,
    h("p", WHY),
    h("div.file-choice", ownReference(found, handlers), demo(handlers)),
    whereFrom(found),
  );
}

function ownReference(found: Inspection, { files }: ReferenceHandlers): HTMLElement {
  const wanted = found.assembly?.assembly ?? "GRCh37 or GRCh38";
  const input = h("input.unseen", {
    type: "file",
    multiple: true,
    "data-testid": "reference-input",
  });
  const zone = h(
    "div.drop",
    { "data-testid": "reference-drop" },
    h("p.drop-title", `Drop a reference genome: ${wanted}`),
    h("p.drop-or", "or"),
    h("label.button.primary", input, "Choose files"),
    h(
      "p.drop-note",
      "FASTA (plain or bgzip) or .2bit, with its .fai and .gzi if you have them, and genes as GFF3 or GTF if you want them named. Of a reference only the pieces that are needed are read, so 3 GB are no problem.",
    ),
  );
  onChosen(input, files);
  onDrop(zone, files);
  return zone;
}

function demo(handlers: ReferenceHandlers): HTMLElement {
  const use = button("Use the BRCA1 piece", { "data-testid": "reference-demo" }, handlers.demo);
  return h(
    "div.example",
    h("h3", "Or the shipped piece"),
    h(
      "p",
      "200,000 bases around BRCA1 on chromosome 17, GRCh37. Variants elsewhere are then skipped.",
    ),
    h("p", use),
  );
}

/** The way to a reference for people who have none. Links only: the page itself fetches nothing. */
function whereFrom(found: Inspection): HTMLElement {
  const link = (build: string) =>
    h(
      "a",
      {
        href: `${DOWNLOADS}/${build}/bigZips/${build}.2bit`,
        rel: "noreferrer noopener",
        target: "_blank",
      },
      `${build}.2bit`,
    );
  const [old, current] = [
    h("li", "GRCh37: ", link("hg19"), " (about 0.8 GB)"),
    h("li", "GRCh38: ", link("hg38"), " (about 0.8 GB)"),
  ];
  const assembly = found.assembly?.assembly;
  return h(
    "details.where-from",
    h("summary", "I have no reference. Where do I get one?"),
    h(
      "p",
      "From the genome browser of the University of California in Santa Cruz. The link opens in a new tab; your browser downloads the file, and the download says nothing about you but that you want a human genome. Then choose it here.",
    ),
    h(
      "ul",
      assembly?.startsWith("GRCh38") !== true && old,
      assembly?.startsWith("GRCh37") !== true && current,
    ),
  );
}

/** Says that a reference is being opened; returns how to say how far that is. */
export function showOpening(cancel: () => void): (share: number) => void {
  const found = byId("reference-found");
  const { element: bar, show } = progressBar("Reading the reference");
  bar.hidden = true;
  byId("reference-choice").hidden = true;
  found.hidden = false;
  fill(
    found,
    h("p.busy", { role: "status" }, "Opening the reference…"),
    bar,
    button("Cancel", { class: "button slim" }, cancel),
  );
  return (share) => {
    bar.hidden = false;
    show(share);
  };
}

/** Says what a reference is, and whether it fits the file. */
export function showReference(
  { file, annotation }: { readonly file: File; readonly annotation?: File | undefined },
  reference: Reference,
  found: Inspection,
  change: () => void,
): void {
  byId("reference-choice").hidden = true;
  byId("reference-found").hidden = false;
  const bases = reference.contigs.reduce((sum, { lengthBp }) => sum + lengthBp, 0);
  const [wanted, is] = [found.assembly?.assembly, reference.assembly?.assembly];
  fill(
    byId("reference-found"),
    facts([
      ["Reference", h("span.file-name", file.name), ` (${size(file.size)})`],
      [
        "Build",
        reference.assembly === null
          ? "not told by its chromosomes"
          : `${reference.assembly.assembly}: ${reference.assembly.evidence}`,
      ],
      annotation !== undefined && ["Genes", h("span.file-name", annotation.name)],
      ["Holds", `${plural(reference.contigs.length, "sequence")}, ${count(bases)} bases`],
    ]),
    wanted !== undefined &&
      is !== undefined &&
      wanted !== is &&
      h(
        "p.caution",
        { "data-testid": "build-mismatch" },
        `Your file looks like ${wanted} and this reference like ${is}. Positions would not fit. Choose a ${wanted} reference.`,
      ),
    ...reference.warnings.map((warning) =>
      h("p.caution", { "data-testid": "reference-warning" }, sentence(warning)),
    ),
    button(
      "Choose another reference",
      { class: "button slim", "data-testid": "reference-change" },
      change,
    ),
  );
}
