/** The caller's side of an open reference. */

import { GenoLeWMError } from "./errors.js";
import type { OpenedReference } from "./service.js";
import { OFFSET, required, TEXT } from "./shapes.js";
import type { AssemblyGuess, Reference } from "./types.js";

/** What a handle may do. */
export interface ReferenceCalls {
  bases(
    params: { id: number; contig: string; start: number; end: number },
    signal: AbortSignal | undefined,
  ): Promise<string>;
  close(id: number): Promise<void>;
}

/** An open reference of one runtime. */
export class ReferenceHandle implements Reference {
  readonly contigs: Reference["contigs"];
  readonly assembly: AssemblyGuess | null;
  readonly warnings: readonly string[];
  readonly #id: number;
  readonly #calls: ReferenceCalls;

  /** A handle on what the coordinator has opened. */
  constructor({ id, contigs, assembly, warnings }: OpenedReference, calls: ReferenceCalls) {
    this.#id = id;
    this.#calls = calls;
    this.contigs = contigs;
    this.assembly = assembly;
    this.warnings = warnings;
  }

  async bases(contig: string, start: number, end: number, signal?: AbortSignal): Promise<string> {
    required("bases", "the contig", TEXT, contig);
    required("bases", "start", OFFSET, start);
    required("bases", "end", OFFSET, end);
    return this.#calls.bases({ id: this.#id, contig, start, end }, signal);
  }

  close(): Promise<void> {
    return this.#calls.close(this.#id);
  }

  /** What the coordinator calls it. A reference of another runtime is not known there. */
  idFor(calls: ReferenceCalls): number {
    if (calls === this.#calls) return this.#id;
    throw new GenoLeWMError({
      code: "INPUT.GENERIC",
      message: "The reference was opened by another runtime.",
      remediation: "Open it with this one.",
    });
  }
}
