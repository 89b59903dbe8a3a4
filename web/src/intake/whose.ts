import type { Inspection, InspectOptions } from "@genolewm/runtime";
import { h } from "../dom.ts";
import { plural } from "../format.ts";
import { choice, labelled } from "../pieces.ts";

/** Whose changes are looked at, as the runtime takes it; nothing said is what anybody carries. */
export type Whose = Pick<InspectOptions, "sample" | "allAlleles">;

const EVERYTHING = "everything";

/**
 * The question whose changes of a file are meant; null where it has no genotypes. Samples go by their
 * numbers, since a name may be any text.
 */
export function whoseQuestion(
  { samples }: Inspection,
  asked: Whose,
  choose: (whose: Whose) => void,
): HTMLElement | null {
  if (samples.length === 0) return null;
  const anyone =
    samples.length === 1
      ? "What the person in it carries"
      : `What at least one of its ${plural(samples.length, "sample")} carries`;
  const names = samples.length === 1 ? [] : samples.map((name, i) => [String(i), name] as const);
  const options = [
    ["", anyone] as const,
    ...names,
    [EVERYTHING, "Every change in it, carried or not"] as const,
  ];
  const [sample] = [asked.sample ?? []].flat();
  const chosen =
    asked.allAlleles === true
      ? EVERYTHING
      : sample === undefined
        ? ""
        : String(samples.indexOf(sample));
  const select = choice("file-sample", options, chosen);
  select.addEventListener("change", () => choose(chosenOf(samples, select.value)));
  return h("div.filters", labelled("Whose changes?", select, true));
}

function chosenOf(samples: readonly string[], value: string): Whose {
  if (value === EVERYTHING) return { allAlleles: true };
  const sample = value === "" ? undefined : samples[Number(value)];
  return sample === undefined ? {} : { sample: [sample] };
}
