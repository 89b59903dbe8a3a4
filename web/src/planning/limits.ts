import type { PlanOptions, WindowStretch } from "@genolewm/runtime";

/** What a plan may not do, as people write it. */
export interface LimitsText {
  readonly protect: string;
  readonly within: string;
  readonly forbid: string;
  readonly keepFrame: boolean;
}

/** The limits of a plan. Bases count from 1 and both ends belong to a stretch; the runtime's from 0. */
export function limitsOf(text: LimitsText): Partial<PlanOptions> {
  const protect = stretches(text.protect);
  const [within, ...more] = stretches(text.within);
  if (more.length > 0) throw new Error("Edits can be kept to one stretch. Write it like 200-400.");
  const forbid = text.forbid
    .toUpperCase()
    .split(/[\s,;]+/)
    .filter((motif) => motif !== "");
  return {
    ...(protect.length === 0 ? {} : { protect }),
    ...(within === undefined ? {} : { within }),
    ...(forbid.length === 0 ? {} : { forbid }),
    keepFrame: text.keepFrame,
  };
}

function stretches(text: string): WindowStretch[] {
  const parts = text.split(/[,;]+/).map((part) => part.trim());
  return parts.filter((part) => part !== "").map(stretch);
}

function stretch(text: string): WindowStretch {
  const [, first, last] = /^(\d+)\s*(?:[-–]\s*(\d+))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last ?? first)];
  if (first === undefined || from < 1 || to < from) {
    throw new Error(`“${text}” is no stretch of the piece. Write it like 1-100, 250.`);
  }
  return { start: from - 1, end: to };
}
