import type { PlanOptions, ReferenceFiles } from "@genolewm/runtime";
import { byId } from "../dom.ts";
import { exampleReference } from "../intake/example.ts";
import { sortFiles } from "../intake/sort.ts";
import { limitsOf } from "./limits.ts";
import type { StartFrom, TargetFrom } from "./windows.ts";

/** What is asked for. */
export interface Asked {
  readonly start: StartFrom;
  readonly target: TargetFrom;
  readonly options: Omit<PlanOptions, "onProgress" | "signal">;
}

/** Which fields belong to which choice: the others are not asked. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  "start=shipped": ["planning-place-fields"],
  "start=own": ["planning-reference-fields", "planning-place-fields"],
  "start=pasted": ["planning-start-fields"],
  "target=hidden": ["planning-hidden-fields"],
  "target=pasted": ["planning-target-fields"],
  "target=file": ["planning-file-fields"],
};

const form = (): HTMLFormElement => byId<HTMLFormElement>("planning-form");

/** Makes the form show the fields of what is chosen. */
export function startForm(submitted: () => void): void {
  const show = () => {
    const chosen = ["start", "target"].map((name) => `${name}=${value(name)}`);
    const wanted = new Set(chosen.flatMap((choice) => FIELDS[choice] ?? []));
    for (const id of new Set(Object.values(FIELDS).flat())) {
      const fields = byId<HTMLFieldSetElement>(id);
      fields.hidden = !wanted.has(id);
      // What is not shown must not be asked to be filled in.
      fields.disabled = fields.hidden;
    }
  };
  form().addEventListener("change", show);
  form().addEventListener("submit", (event) => {
    event.preventDefault();
    submitted();
  });
  show();
}

/** What the form says. */
export function asked(): Asked {
  const seed = number("seed");
  const place = { kind: "place", place: value("place"), widthBp: number("width") } as const;
  const chosen = value("start");
  const start: StartFrom =
    chosen === "pasted"
      ? { kind: "pasted", text: value("start-bases") }
      : { ...place, reference: chosen === "own" ? ownReference : exampleReference };
  return { start, target: target(seed), options: { ...search(), seed } };
}

function target(seed: number): TargetFrom {
  switch (value("target")) {
    case "pasted":
      return { kind: "pasted", text: value("target-bases") };
    case "file": {
      const [file] = files("target-file");
      if (file === undefined) throw new Error("Choose the FASTA file of the target.");
      return { kind: "file", file };
    }
    default:
      return { kind: "hidden", edits: number("hidden"), seed };
  }
}

function search(): Omit<PlanOptions, "seed"> {
  const samples = number("samples");
  const data = new FormData(form());
  const editTypes = data.getAll("types") as NonNullable<PlanOptions["editTypes"]>[number][];
  if (editTypes.length === 0) throw new Error("Choose at least one kind of change.");
  return {
    horizon: number("horizon"),
    iterations: number("iterations"),
    samples,
    elite: Math.max(1, Math.floor(samples / 8)),
    reencode: Math.min(samples, number("reencode")),
    stoppingEps: 0,
    costWeight: number("cost"),
    editTypes,
    ...limitsOf({
      protect: value("protect"),
      within: value("within"),
      forbid: value("forbid"),
      keepFrame: data.has("frame"),
    }),
  };
}

async function ownReference(): Promise<ReferenceFiles> {
  const sorted = await sortFiles(files("reference"));
  const file = sorted.reference ?? sorted.variants;
  if (file === undefined) throw new Error("Choose a reference genome: FASTA or .2bit.");
  return {
    file,
    ...(sorted.fai === undefined ? {} : { fai: sorted.fai }),
    ...(sorted.gzi === undefined ? {} : { gzi: sorted.gzi }),
  };
}

/** Whether files of the person's own are part of what is asked. */
export function usesOwnFiles(): boolean {
  return value("start") !== "shipped" || value("target") !== "hidden";
}

function value(name: string): string {
  const control = form().elements.namedItem(name) as HTMLInputElement | RadioNodeList | null;
  return control?.value ?? "";
}

function number(name: string): number {
  return Number(value(name));
}

function files(name: string): File[] {
  const control = form().elements.namedItem(name) as HTMLInputElement | null;
  return [...(control?.files ?? [])];
}
