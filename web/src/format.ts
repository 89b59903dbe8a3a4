const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1 });

/** `4,589` */
export function count(number: number): string {
  return whole.format(number);
}

/** `1 variant`, `4,589 variants` */
export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** A rate: `7.5`, `102` */
export function rate(perSecond: number): string {
  return perSecond < 10 ? tenths.format(perSecond) : count(perSecond);
}

/** `512 B`, `4.1 MB` */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 ? value : tenths.format(value)} ${units[unit]}`;
}

/** How long something takes, as people say it: `about 4 minutes`. */
export function roughly(seconds: number): string {
  if (seconds < 5) return "a few seconds";
  if (seconds < 90) return `about ${plural(Math.ceil(seconds / 5) * 5, "second")}`;
  if (seconds < 90 * 60) return `about ${plural(Math.round(seconds / 60), "minute")}`;
  if (seconds < 36 * 3600) return `about ${plural(Math.round(seconds / 3600), "hour")}`;
  return `about ${plural(Math.round(seconds / 86400), "day")}`;
}

/** How long something took: `48 s`, `3 min 05 s`. */
export function elapsed(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? tenths.format(seconds) : count(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = String(Math.floor(seconds % 60)).padStart(2, "0");
  return minutes < 60
    ? `${minutes} min ${rest} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A percentile of 0 to 1 in hundredths with one place, and never 100 unless it is. */
export function percentile(share: number): string {
  return share < 1 && share > 0.9995 ? "> 99.9" : (share * 100).toFixed(1);
}

/** Of how many in a hundred something is ahead: the whole ones of what `percentile` shows. */
export function ofHundred(share: number): number {
  return share < 1 ? Math.min(99, Math.floor(Number((share * 100).toFixed(1)))) : 100;
}

/** A percentile as an ordinal: `97th`. */
export function ordinal(share: number): string {
  const number = ofHundred(share);
  const [tens, ones] = [Math.floor(number / 10) % 10, number % 10];
  return `${number}${tens === 1 ? "th" : (["th", "st", "nd", "rd"][ones] ?? "th")}`;
}

/**
 * What the runtime says, as a sentence of the page: it begins in lower case. Names of files and of
 * contigs stay as they are.
 */
export function sentence(text: string): string {
  const begun = /^[a-z]+[ ,;:]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

/** A figure with four significant digits. */
export function figure(value: number): string {
  return value === 0 ? "0" : value.toPrecision(4);
}

/** `17:41,197,728` */
export function locus(contig: string, pos: number): string {
  return `${contig}:${count(pos)}`;
}

/** An allele, shortened where it is long. */
export function allele(bases: string, most = 8): string {
  return bases.length > most ? `${bases.slice(0, most - 1)}…` : bases;
}

/**
 * A float as Python's `repr` and the native program write it, so that files made here compare byte
 * for byte with theirs.
 */
export function pythonFloat(value: number): string {
  const [mantissa = "0", power = "0"] = value.toExponential().split("e");
  const exponent = Number(power);
  if (value !== 0 && (exponent < -4 || exponent >= 16)) {
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  // JavaScript writes exponents below 1e-6 and from 1e21 only.
  const text = Object.is(value, -0) ? "-0" : String(value);
  return text.includes(".") ? text : `${text}.0`;
}
