/** Kinds of values that callers give, and the words for what is none of them. */

import { GenoLeWMError } from "./errors.js";
import { isBlob, isUrl, object } from "./kinds.js";

/** A kind of value: what is of it, and what it is called. */
export interface Kind {
  readonly words: string;
  is(value: unknown): boolean;
  /** What is wrong with a value, to stand behind its name, where more can be said than its kind. */
  fault?(value: unknown): string | undefined;
}

/** The kinds of all parts there are: the compiler sees that none is left out. */
export type Shape<T> = { readonly [K in keyof Required<T>]: Kind };

export const TEXT: Kind = { words: "a string", is: (value) => typeof value === "string" };
export const BASES: Kind = { words: "a string of bases", is: TEXT.is };
export const FLAG: Kind = {
  words: "true or false",
  is: (value) => typeof value === "boolean",
};
export const CALLBACK: Kind = { words: "a function", is: (value) => typeof value === "function" };
export const COUNT: Kind = {
  words: "a whole number above 0",
  is: (value) => Number.isSafeInteger(value) && (value as number) > 0,
};
export const NUMBER: Kind = {
  words: "a number from 0",
  is: (value) => typeof value === "number" && Number.isFinite(value) && value >= 0,
};
export const OFFSET: Kind = {
  words: "a whole number from 0",
  is: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
};
export const STATE: Kind = {
  words: "a Float32Array, as encodeWindow gives it",
  is: (value) => Object.prototype.toString.call(value) === "[object Float32Array]",
};
export const SIGNAL: Kind = {
  words: "an AbortSignal",
  is: (value) => typeof object<AbortSignal>(value)?.addEventListener === "function",
};

/** One of some words. */
export function oneOf(first: string, ...others: readonly string[]): Kind {
  const quoted = [first, ...others].map((word) => `"${word}"`);
  return {
    words: `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`,
    is: (value) => [first, ...others].some((word) => word === value),
  };
}

/** An array of a kind. */
export function arrayOf(kind: Kind, words: string): Kind {
  return {
    words: `an array of ${words}`,
    is: (value) => Array.isArray(value) && value.every(kind.is),
    fault: (value) => {
      if (!Array.isArray(value)) return undefined;
      const place = value.findIndex((one) => !kind.is(one));
      return `[${place}]${kind.fault?.(value[place]) ?? ` must be ${kind.words}`}`;
    },
  };
}

/**
 * An object that has at least these parts. What else it has is nobody's business here: rows serve as
 * edits. Where a part is missing, one that looks like it is taken for what was meant.
 */
export function partsOf(shape: Readonly<Record<string, Kind>>, words: string): Kind {
  const wrong = (value: unknown): [name: string, kind: Kind] | undefined => {
    const parts = object<Record<string, unknown>>(value) ?? {};
    return Object.entries(shape).find(([name, kind]) => !kind.is(parts[name]));
  };
  return {
    words,
    is: (value) => object(value) !== undefined && wrong(value) === undefined,
    fault: (value) => {
      const parts = object<Record<string, unknown>>(value);
      const [name, kind] = wrong(value) ?? [];
      if (parts === undefined || Array.isArray(value) || name === undefined) return undefined;
      if (parts[name] !== undefined) return `.${name} must be ${kind?.words}`;
      const others = Object.keys(parts).filter((other) => !Object.hasOwn(shape, other));
      const meant = others.find((other) => nearest(other, Object.keys(shape)) === name);
      return meant === undefined
        ? ` has no ${name}`
        : ` has ${shown(meant)} where it should have ${name}`;
    },
  };
}

/** One kind or another; what is wrong is said by the one that has something to say. */
export function either(first: Kind, second: Kind): Kind {
  return {
    words: `${first.words} or ${second.words}`,
    is: (value) => first.is(value) || second.is(value),
    fault: (value) => first.fault?.(value) ?? second.fault?.(value),
  };
}

/** The name among `known` that is most like one that is not; undefined where none is like it. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const wanted = plain(name);
  const also = ALSO[wanted];
  if (also !== undefined && known.includes(also)) return also;
  const [best] = known
    .map((one) => ({ one, apart: apart(wanted, plain(one)) }))
    .filter(({ one, apart }) => apart <= Math.max(1, Math.floor(one.length / 3)))
    .sort((a, b) => a.apart - b.apart);
  const isPart = (long: string, short: string): boolean =>
    short.length > 2 && (long.startsWith(short) || long.endsWith(short));
  const alike = (one: string): boolean => isPart(wanted, plain(one)) || isPart(plain(one), wanted);
  return best?.one ?? known.find(alike);
}

/** Words that other programs have for parts of an edit or a window. */
const ALSO: { readonly [word: string]: string | undefined } = {
  chr: "contig",
  chrom: "contig",
  chromosome: "contig",
  alternate: "alt",
  seq: "bases",
  sequence: "bases",
};

/** A name as most people write it wrong: other case, other joints. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, "");
}

/** How many letters must be changed, added, left out or swapped to make one word of the other. */
function apart(from: string, to: string): number {
  let [before, row] = [[] as number[], Array.from({ length: to.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const changed = (row[j - 1] as number) + Number(from[i - 1] !== to[j - 1]);
      const steps = [changed, (row[j] as number) + 1, (next[j - 1] as number) + 1];
      const swapped = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (swapped) steps.push((before[j - 2] as number) + 1);
      next.push(Math.min(...steps));
    }
    [before, row] = [row, next];
  }
  return row[to.length] as number;
}

/** Options of `call` as they were given; refuses those of other names and kinds. */
export function checked<T extends object>(call: string, given: unknown, shape: Shape<T>): T {
  const names = Object.keys(shape);
  const known = `The options of ${call} are ${names.join(", ")}.`;
  if (given !== undefined && (object(given) === undefined || Array.isArray(given))) {
    throw refused(`${call}: the options must be an object.`, "options", given, known);
  }
  const options = { ...(given as Record<string, unknown> | undefined) };
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(shape, name) ? shape[name as keyof T] : undefined;
    if (kind === undefined) throw unknown(call, "option", name, value, names, known);
    if (value !== undefined) required(call, name, kind, value);
  }
  return options as T;
}

/** Refuses parts of other names; what a file of any kind has besides is its own. */
export function onlyParts(call: string, given: object, names: readonly string[]): void {
  if (isBlob(given) || isUrl(given)) return;
  for (const [name, value] of Object.entries(given)) {
    if (names.includes(name)) continue;
    throw unknown(call, "part", name, value, names, `Its parts are ${names.join(", ")}.`);
  }
}

function unknown(
  call: string,
  what: string,
  name: string,
  value: unknown,
  names: readonly string[],
  known: string,
): GenoLeWMError {
  const meant = nearest(name, names);
  const remedy = meant === undefined ? known : `Did you mean ${meant}? ${known}`;
  return refused(`${call} has no ${what} ${shown(name)}.`, shown(name), value, remedy);
}

/** A parameter or option of `call`, which must be of a kind. */
export function required<T>(call: string, name: string, kind: Kind, value: T): T {
  if (kind.is(value)) return value;
  const fault = kind.fault?.(value) ?? ` must be ${kind.words}`;
  throw refused(`${call}: ${name}${fault}.`, name, value, `Give ${kind.words}.`);
}

/** The error for a value that cannot be used. */
export function refused(
  message: string,
  name: string,
  value: unknown,
  remediation: string,
): GenoLeWMError {
  const details = { [name]: described(value) };
  return new GenoLeWMError({ code: "INPUT.GENERIC", message, details, remediation });
}

/** Longest piece of a value that an error repeats. */
const SHOWN = 40;

function shown(name: string): string {
  return name.slice(0, SHOWN);
}

/** A value as an error names it; not what an object holds, which may be a person's. */
function described(value: unknown): string {
  return ["string", "number", "boolean", "bigint", "undefined"].includes(typeof value)
    ? shown(String(value))
    : value === null
      ? "null"
      : typeof value;
}
