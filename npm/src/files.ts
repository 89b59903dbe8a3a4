/** `file:` URLs, for Node and Deno. */

import { open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { endedEarly } from "./bytes.js";
import type { RangeSource } from "./types.js";

/** Opens a file. No handle is held between reads, so there is none to be closed. */
export async function openFile(url: URL): Promise<RangeSource> {
  const path = fileURLToPath(url);
  const { size, mtimeMs } = await stat(path);
  const name = basename(path);
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    const handle = await open(path, "r");
    try {
      const now = await handle.stat();
      if (now.size !== size || now.mtimeMs !== mtimeMs) throw endedEarly(name);
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      let filled = 0;
      while (filled < bytes.length) {
        const rest = bytes.length - filled;
        const { bytesRead } = await handle.read(bytes, filled, rest, offset + filled);
        if (bytesRead === 0) throw endedEarly(name);
        filled += bytesRead;
      }
      return bytes;
    } finally {
      await handle.close();
    }
  };
  return { name, size, read };
}
