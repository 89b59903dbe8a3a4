import type { GenoLeWMRuntime, PlanResult } from "@genolewm/runtime";

/** Where the first of a plan's changes lead, together with those before it. */
export interface Step {
  /** Distance of the predicted picture from the target. */
  readonly predicted: number;
  /** Distance of the picture of the piece that is really changed; null where that was not made. */
  readonly real: number | null;
}

/** The steps of a plan, one a change. The last is the plan as a whole, which the runtime has made. */
export async function stepsOf(
  runtime: GenoLeWMRuntime,
  bases: string,
  wanted: string,
  { edits, realDistance }: PlanResult,
  signal: AbortSignal,
): Promise<Step[]> {
  if (edits.length === 0) return [];
  const encode = (window: string) => runtime.encodeWindow(window, null, { signal });
  const [state, target] = [await encode(bases), await encode(wanted)];
  const predicted = await runtime.predict(state, edits, { every: true, signal });
  // What is inserted or deleted moves the rest: only the runtime knows the window of that.
  const inPlace = edits.every(({ ref, alt }) => ref.length === alt.length);
  const steps: Step[] = [];
  let made = bases;
  for (const [at, { relPos, alt }] of edits.entries()) {
    made = made.slice(0, relPos) + alt + made.slice(relPos + alt.length);
    const isLast = at === edits.length - 1;
    const real = inPlace && !isLast ? apart(await encode(made), target) : null;
    steps.push({
      predicted: apart(predicted[at] as Float32Array, target),
      real: isLast ? realDistance : real,
    });
  }
  return steps;
}

function apart(state: Float32Array, other: Float32Array): number {
  return Math.hypot(...Array.from(state, (value, at) => value - (other[at] as number)));
}
