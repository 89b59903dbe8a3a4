import type { ReceiptVerdict } from "@genolewm/runtime";
import { announce } from "./announce.ts";
import { h } from "./dom.ts";
import { plural } from "./format.ts";

/** What was checked of a receipt, and what came of it. Also says it aloud. */
export function verdictView(verdict: ReceiptVerdict): HTMLElement {
  const what = plural(verdict.count, "receipt");
  const title = verdict.ok
    ? `${what}: what can be checked here holds`
    : `${what}: something does not hold`;
  announce(title);
  return h(
    "div",
    {
      class: `verdict ${verdict.ok ? "holds" : "fails"}`,
      "data-testid": "verdict",
      "data-ok": String(verdict.ok),
    },
    h(
      "p.verdict-title",
      h("span.verdict-mark", { "aria-hidden": "true" }, verdict.ok ? "✓" : "✕"),
      title,
    ),
    h(
      "ul",
      ...verdict.checks.map(({ ok, message }) =>
        h(
          "li",
          { class: ok ? "holds" : "fails" },
          h("span.verdict-word", ok ? "Holds: " : "Fails: "),
          message,
        ),
      ),
      ...verdict.notChecked.map((what) =>
        h("li", { class: "unknown" }, h("span.verdict-word", "Not checked: "), what),
      ),
    ),
  );
}
