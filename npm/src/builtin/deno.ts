/** The built-in model in Deno. */

import type { BuiltinModel } from "../types.js";

const builtin: BuiltinModel = {
  kind: "genolewm-builtin",
  async load() {
    const archive = await fetch(new URL("../../models/builtin/builtin.bin", import.meta.url));
    return new Uint8Array(await archive.arrayBuffer());
  },
};

export default builtin;
