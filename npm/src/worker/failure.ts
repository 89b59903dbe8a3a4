/** Workers that cannot be started, or die. */

import { GenoLeWMError } from "../errors.js";

/** Calls `fail` when a worker's script cannot be loaded, or throws where nobody catches. */
export function onWorkerFailure(worker: Worker, fail: (error: GenoLeWMError) => void): void {
  worker.addEventListener("error", (event) => {
    // What is handled here must not also be printed.
    event.preventDefault();
    fail(
      new GenoLeWMError({
        code: "RESOURCE.RUNTIME_SETUP",
        message: `A worker stopped: ${event.message || "its script could not be loaded"}.`,
        remediation:
          "See that the package's files are served beside each other, that worker-src allows them, and that they come with the page's Cross-Origin-Embedder-Policy where it has one.",
      }),
    );
  });
  worker.addEventListener("messageerror", () =>
    fail(
      new GenoLeWMError({
        code: "INTERNAL.GENERIC",
        message: "A message between threads could not be read.",
      }),
    ),
  );
}
