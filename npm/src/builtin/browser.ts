/** The built-in model in a page: a file of the package, found by bundlers. */

import { GenoLeWMError } from "../errors.js";
import { fetchWhole } from "../http.js";
import type { BuiltinModel } from "../types.js";

const builtin: BuiltinModel = {
  kind: "genolewm-builtin",
  async load(signal) {
    const url = new URL("../../models/builtin/builtin.bin", import.meta.url);
    const archive = await fetchWhole(url.href, "builtin.bin", signal);
    if (archive !== null) return archive;
    throw new GenoLeWMError({
      code: "RESOURCE.MODEL_NOT_FOUND",
      message: "The built-in model is not where it should be.",
      details: { url: url.href },
      remediation: "Serve the package's models/ folder beside its dist/ folder.",
    });
  },
};

export default builtin;
