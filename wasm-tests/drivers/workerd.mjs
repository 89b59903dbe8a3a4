// For workerd: a job in the body of a request, the answer in that of the response.

import { GenoLeWMRuntime } from "@genolewm/runtime";
import builtin from "@genolewm/runtime/models/builtin";

import { work } from "./work.mjs";

export default {
  async fetch(request) {
    try {
      return Response.json(await work(GenoLeWMRuntime, builtin, await request.json()));
    } catch (error) {
      const { code, message, details, stack } = error;
      return Response.json({ failed: { code, message, details, stack } }, { status: 500 });
    }
  },
};
