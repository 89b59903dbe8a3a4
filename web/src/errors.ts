import { announce } from "./announce.ts";
import { h } from "./dom.ts";
import { sentence } from "./format.ts";

/** What the runtime's errors carry, read without trusting that an error is one. */
interface Shape {
  readonly code?: unknown;
  readonly remediation?: unknown;
  readonly location?: { readonly line?: unknown; readonly text?: unknown } | null;
}

/** What to say first, for the errors that people meet; the error's own words follow. */
const HEADLINES: Readonly<Record<string, string>> = {
  "INPUT.WINDOW_MISMATCH": "This file and this reference do not belong together",
  "INPUT.VCF_PARSE": "Part of this file cannot be read",
  "INPUT.GENERIC": "This file cannot be used as it is",
  "RESOURCE.OOM": "This device has too little memory for that",
  "RESOURCE.MODEL_NOT_FOUND": "The model could not be loaded",
  "PROVENANCE.MANIFEST_HASH_MISMATCH": "The model is not the one it claims to be",
  "DEPLOY.BACKEND_UNSUPPORTED": "This device cannot compute that way",
};

/** Whether an error only says that somebody cancelled. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

/** The files of a ZIP archive that an error lists, for somebody has to say which one is meant. */
export function membersOf(error: unknown): readonly string[] {
  const { details } = (error ?? {}) as { readonly details?: { readonly members?: unknown } };
  return typeof details?.members === "string" ? details.members.split("\n") : [];
}

/** The runtime's stable code of an error, or the empty string. */
function codeOf(error: unknown): string {
  const code = (error as Shape | null)?.code;
  return typeof code === "string" ? code : "";
}

/** An error as a person reads it: what is wrong, where, and what to do. Also says it aloud. */
export function problem(error: unknown, headline?: string): HTMLElement {
  const shape = (error ?? {}) as Shape;
  const code = codeOf(error);
  const title = headline ?? HEADLINES[code] ?? "Something went wrong";
  const message = error instanceof Error ? error.message : String(error);
  announce(`${title}. ${message}`);
  return h(
    "div.problem",
    { "data-testid": "problem", "data-code": code || undefined },
    h("h3", title),
    h("p", { "data-testid": "problem-message" }, sentence(`${message}${place(shape)}`)),
    typeof shape.remediation === "string" &&
      h("p", h("strong", "What you can do: "), sentence(shape.remediation)),
    code !== "" && h("p.fine", h("code", code)),
  );
}

function place({ location }: Shape): string {
  if (location === null || location === undefined || typeof location.line !== "number") return "";
  const text = typeof location.text === "string" ? `: ${location.text.slice(0, 80)}` : "";
  return ` (line ${location.line}${text})`;
}
