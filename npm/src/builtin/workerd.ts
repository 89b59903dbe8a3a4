/** The built-in model in Cloudflare Workers, where it is a module of its own. */

import archive from "../../models/builtin/builtin.bin";
import type { BuiltinModel } from "../types.js";

const builtin: BuiltinModel = {
  kind: "genolewm-builtin",
  load: async () => new Uint8Array(archive),
};

export default builtin;
