// The package's public declarations, one line for each member: `npm run declarations` writes the list that
// a test holds the package to (docs/stability.md says what is promised).

import { readdirSync, readFileSync, writeFileSync } from "node:fs";

export const LIST = new URL("../../docs/api/typescript.txt", import.meta.url);

/** Where public declarations stand, and which of a file's are; all, where none are named. */
const FILES = [
  ...readdirSync(new URL("../src/types", import.meta.url)).map((name) => [
    `types/${name.slice(0, -".ts".length)}`,
  ]),
  ["errors", "GenoLeWMError", "ErrorCode", "ErrorLocation", "ErrorParts"],
  ["runtime", "GenoLeWMRuntime"],
  ["compile", "WasmSource"],
  ["entry/slim", "SlimLoadOptions"],
];

/** Every public member as `Name: declaration`, sorted. A union has a line for each of its types. */
export function declarations() {
  const found = new Set();
  for (const [file, ...names] of FILES) {
    const text = readFileSync(new URL(`../dist/${file}.d.ts`, import.meta.url), "utf8");
    const code = text.replaceAll(/\/\*\*.*?\*\//gs, "");
    for (const { name, members } of exported(code)) {
      if (names.length === 0 || names.includes(name)) {
        for (const member of members) found.add(`${name}: ${member}`);
      }
    }
  }
  return [...found].sort();
}

/** Exported declarations, each with its members. */
function* exported(code) {
  const starts = [...code.matchAll(/^export (?:declare )?(type|interface|class) (\w+)/gm)];
  for (const [index, start] of starts.entries()) {
    const [, kind, name] = start;
    const rest = code.slice(start.index, starts[index + 1]?.index);
    yield { name, members: kind === "type" ? alternatives(rest) : lines(rest) };
  }
}

/** The types of a union, or the one type. */
function alternatives(declaration) {
  const type = declaration.slice(declaration.indexOf("=") + 1).replace(/;\s*$/, "");
  const found = [""];
  let depth = 0;
  for (const sign of type) {
    depth += "{<([".includes(sign) ? 1 : "}>)]".includes(sign) ? -1 : 0;
    if (sign === "|" && depth === 0) found.push("");
    else found[found.length - 1] += sign;
  }
  return found.map((one) => one.replaceAll(/\s+/g, " ").trim()).filter((one) => one !== "");
}

/** The members between the braces, each on one line. */
function lines(declaration) {
  const body = declaration.slice(0, declaration.indexOf("\n}")).split("\n").slice(1);
  const found = [];
  let depth = 0;
  for (const line of body.map((text) => text.trim()).filter((text) => text !== "")) {
    if (depth === 0) found.push(line);
    else found[found.length - 1] += ` ${line}`;
    depth += line.split("{").length - line.split("}").length;
  }
  return found.filter((line) => !/^(#private|protected|private)\b/.test(line));
}

if (process.argv.includes("--write")) writeFileSync(LIST, `${declarations().join("\n")}\n`);
