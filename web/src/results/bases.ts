import type { Reference } from "@genolewm/runtime";
import { plainContig } from "../contigs.ts";
import { type Child, h } from "../dom.ts";
import { count } from "../format.ts";
import type { Allele } from "./store.ts";

const AROUND_BP = 40;

/** The reference around an edit, with the edit marked as people mark text: struck out, inserted. */
export async function basesAround(
  reference: Reference,
  edit: Allele,
  signal: AbortSignal,
): Promise<HTMLElement> {
  const length =
    reference.contigs.find(({ name }) => plainContig(name) === plainContig(edit.contig))
      ?.lengthBp ?? Infinity;
  const start = edit.pos - 1;
  const end = start + edit.ref.length;
  const [from, to] = [Math.max(0, start - AROUND_BP), Math.min(length, end + AROUND_BP)];
  const bases = await reference.bases(edit.contig, from, to, signal);
  const [before, after] = [bases.slice(0, start - from), bases.slice(end - from)];
  return h(
    "figure.bases",
    { "data-testid": "bases" },
    h("p.bases-text", before, ...marked(edit), after),
    h(
      "figcaption.fine",
      `${edit.contig}:${count(from + 1)} to ${count(to)} of the reference. Struck out is what the change removes, underlined what it adds.`,
    ),
  );
}

/** What both alleles share at the front stays plain: an insertion shows as what is inserted. */
function marked({ ref, alt }: Allele): Child[] {
  let shared = 0;
  while (
    shared < Math.min(ref.length, alt.length) &&
    ref[shared] === alt[shared] &&
    ref.length !== alt.length
  )
    shared += 1;
  const [gone, come] = [ref.slice(shared), alt.slice(shared)];
  return [
    ref.slice(0, shared),
    gone !== "" && h("del", h("span.unseen", " deleted: "), gone),
    come !== "" &&
      h("ins", h("span.unseen", " inserted: "), come, h("span.unseen", " end of the edit ")),
  ];
}
