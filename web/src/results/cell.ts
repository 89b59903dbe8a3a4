/**
 * What cannot be seen but moves a cursor, turns text round or ends a line: `is_hidden` of the core,
 * one for one. Code points as ranges, so that nothing hidden stands in this file.
 */
const HIDDEN: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x180e, 0x180e],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
  [0xe0000, 0xe007f],
];

/** What spreadsheets begin a formula with, and what takes that away. */
const FORMULA = /^[=+\-@'＝＋－＠]./u;

/**
 * Text in a cell of a table: on one line, and never calculated by a spreadsheet, as the native program
 * writes it. What could be a formula has `'` before it.
 */
export function cell(text: string): string {
  const shown = Array.from(text, visible).join("");
  return FORMULA.test(shown) ? `'${shown}` : shown;
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (!HIDDEN.some(([first, last]) => first <= code && code <= last)) return character;
  if (character === "\t") return "\\t";
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  return `\\u{${code.toString(16)}}`;
}
