// One network of ours in a worker: loads it on the first message, answers batches from then on.

import { ourEngine } from "./pages.mjs";

let engine;

globalThis.onmessage = async ({ data }) => {
  if (data.model) {
    engine = await ourEngine(data.model);
    postMessage("ready");
    return;
  }
  const answer = await engine.predictBatch(...data);
  postMessage(answer, [answer.buffer]);
};
