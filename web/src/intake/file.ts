import type { Inspection } from "@genolewm/runtime";
import { byId, button, facts, fill, h } from "../dom.ts";
import { count, plural, sentence, size } from "../format.ts";
import { onChosen, onDrop } from "./drop.ts";

/** What the first step hands on. */
export interface FileHandlers {
  files(files: File[]): void;
  example(name: "vcf" | "array"): void;
}

/** Lets people drop or choose files, anywhere on the page. */
export function startFileStep(handlers: FileHandlers): void {
  const drop = byId("file-drop");
  const input = byId<HTMLInputElement>("file-input");
  onChosen(input, handlers.files);
  onDrop(drop, handlers.files);
  byId("example").addEventListener("click", () => handlers.example("vcf"));
  byId("example-array").addEventListener("click", () => handlers.example("array"));
  // A file dropped beside the zone would replace the page by that file.
  for (const type of ["dragover", "drop"])
    addEventListener(type, (event) => event.preventDefault());
}

/** Back to an empty first step. */
export function resetFileStep(): void {
  byId("file-choice").hidden = false;
  byId("file-found").hidden = true;
  fill(byId("file-found"));
}

/** Says that a file is being read, with a way out: a large one takes a while. */
export function showReading(cancel: () => void): void {
  byId("file-choice").hidden = true;
  byId("file-found").hidden = false;
  fill(
    byId("file-found"),
    h("p.busy", { role: "status" }, "Reading the file on this device…"),
    button("Cancel", { class: "button slim", "data-testid": "file-cancel" }, cancel),
  );
}

/** Asks which file of an archive is meant. */
export function askForMember(
  file: File,
  members: readonly string[],
  choose: (name: string) => void,
  change: () => void,
): void {
  byId("file-choice").hidden = true;
  byId("file-found").hidden = false;
  fill(
    byId("file-found"),
    h("p", h("span.file-name", file.name), " holds several files. Which one is meant?"),
    ...members.map((name) =>
      button(name, { class: "button slim", "data-testid": "file-member" }, () => {
        showReading(change);
        choose(name);
      }),
    ),
    button("Choose another file", { class: "button slim", "data-testid": "file-change" }, change),
  );
}

/** Says what a file is. */
export function showFile(
  file: File,
  found: Inspection,
  whose: HTMLElement | null,
  change: () => void,
): void {
  byId("file-choice").hidden = true;
  byId("file-found").hidden = false;
  const contigs = found.contigs.filter(({ records }) => records > 0);
  fill(
    byId("file-found"),
    h(
      "p.found",
      { "data-testid": "file-format" },
      h("strong", found.formatName),
      ` with ${plural(found.records, "record")}`,
    ),
    facts([
      [
        "File",
        h("span.file-name", file.name),
        ` (${size(file.size)}${found.compression === "plain" ? "" : `, ${found.compression}`})`,
      ],
      ["Recognised by", found.evidence],
      ["Build of the genome", h("span", { "data-testid": "file-build" }, ...build(found))],
      ["Chromosomes", contigNames(contigs.map(({ name }) => name))],
      found.malformed > 0 && ["Not readable", plural(found.malformed, "record")],
    ]),
    whose,
    ...found.warnings.map((warning) =>
      h("p.caution", { "data-testid": "file-warning" }, sentence(warning)),
    ),
    button("Choose another file", { class: "button slim", "data-testid": "file-change" }, change),
  );
}

function build({ assembly }: Inspection): (HTMLElement | string)[] {
  if (assembly === null)
    return [
      "The file does not say. Many older files are GRCh37 (hg19). If the reference does not fit, you will be told before anything is scored.",
    ];
  return [h("strong", assembly.assembly), `: ${assembly.evidence}`];
}

function contigNames(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(", ");
  return names.length > 8 ? `${shown} and ${count(names.length - 8)} more` : shown || "none";
}
