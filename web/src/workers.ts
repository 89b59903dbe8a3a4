/**
 * Starts the scoring workers. A worker that is started by its address has the policy that the server
 * sends with the script, and none where it sends none: the policy in the page's own head does not
 * reach it. One that is started through a blob has the page's policy, always.
 */
import script from "@genolewm/runtime/worker?worker&url";
import { ownScript } from "./trusted.ts";

/**
 * What such a worker runs first. A policy comes as a whole or not at all, so one that forbids to make
 * code of text tells that it is there; and asking makes no request and no entry in the console.
 */
function sealed(address: string): string {
  return `let open = true;
try { new Function(""); } catch { open = false; }
if (open) setTimeout(() => { throw new Error("this browser does not keep the page's policy in workers"); });
else await import(${JSON.stringify(address)});`;
}

let blob: string | undefined;

/** A worker in which the page's policy holds; one in which it does not ends with an error. */
export function startWorker(): Worker {
  const text = sealed(new URL(script, document.baseURI).href);
  blob ??= URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  return new Worker(ownScript(blob), { type: "module" });
}
