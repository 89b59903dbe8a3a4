/** Reads the archive in which the built-in model travels. */

import { GenoLeWMError } from "./errors.js";

const BLOCK_BYTES = 512;
const REGULAR = new Set(["0", "\0"]);
const DIRECTORY = "5";

/** The regular files of a tar archive by name: views into it, not copies. */
export function untar(archive: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let at = 0;
  while (at + BLOCK_BYTES <= archive.length) {
    const header = archive.subarray(at, at + BLOCK_BYTES);
    if (header.every((byte) => byte === 0)) return files;
    checkSum(header);
    const size = octal(header, 124, 12);
    const start = at + BLOCK_BYTES;
    if (start + size > archive.length) throw broken("it ends in the middle of a file");
    const type = text(header, 156, 1) || "\0";
    if (REGULAR.has(type)) files.set(name(header), archive.subarray(start, start + size));
    else if (type !== DIRECTORY) throw broken(`it has an entry of type ${type}`);
    at = start + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
  throw broken("it has no end");
}

function name(header: Uint8Array): string {
  const prefix = text(header, 345, 155);
  const path = text(header, 0, 100);
  return (prefix === "" ? path : `${prefix}/${path}`).replace(/^\.\//, "");
}

function checkSum(header: Uint8Array): void {
  const stored = octal(header, 148, 8);
  const blanked = header.slice().fill(0x20, 148, 156);
  const sum = blanked.reduce((total, byte) => total + byte, 0);
  if (sum !== stored) throw broken("a header's checksum is wrong");
}

function text(header: Uint8Array, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

function octal(header: Uint8Array, start: number, length: number): number {
  const digits = text(header, start, length).trim();
  if (!/^[0-7]+$/.test(digits)) throw broken("a number in a header is no number");
  return Number.parseInt(digits, 8);
}

function broken(why: string): GenoLeWMError {
  return new GenoLeWMError({
    code: "RESOURCE.CACHE_CORRUPT",
    message: `The packed model is not a whole tar archive: ${why}.`,
    remediation: "Install the package again, or fetch the model again.",
  });
}
