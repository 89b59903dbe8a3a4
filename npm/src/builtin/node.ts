/** The built-in model in Node. */

import { readFile } from "node:fs/promises";
import type { BuiltinModel } from "../types.js";

const builtin: BuiltinModel = {
  kind: "genolewm-builtin",
  load: (signal) =>
    readFile(new URL("../../models/builtin/builtin.bin", import.meta.url), { signal }),
};

export default builtin;
