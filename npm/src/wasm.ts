/**
 * The wasm module's interface as this package uses it. The generated declarations are checked
 * against it where {@link instantiate} returns the module.
 */

import * as glue from "../wasm/genolewm.js";

/** Bytes that the module asks for; they are handed over with `supply`. */
export interface Want {
  readonly offset: number;
  readonly length: number;
}

/** An object in the module's memory. */
interface Owned {
  free(): void;
  [Symbol.dispose](): void;
}

/**
 * Frees an object. One that is in use, as it is for ever after a trap, cannot be freed: that must
 * not take the place of the error that tells of the trap.
 */
export function release(owned: Owned): void {
  try {
    owned.free();
  } catch {
    // It stays until its instance of the module goes.
  }
}

/** What a {@link WasmRun} needs next. */
export type Step =
  /** More of the input: `push` or `end`. */
  | { readonly kind: "input" }
  /** Bytes of the reference: `supply` them. */
  | ({ readonly kind: "read" } & Want)
  /** A batch to be scored: `complete` it. */
  | { readonly kind: "job"; readonly ticket: number; readonly bytes: Uint8Array }
  /** Nothing, until a job is complete. */
  | { readonly kind: "wait" }
  | { readonly kind: "done" };

/** A model's files, checked against its manifest. */
export interface WasmModel extends Owned {
  readonly modelId: string;
  readonly windowBp: number;
  readonly stateWidth: number;
  /** JSON. */
  readonly manifest: string;
}

/** The network on one backend. */
export interface WasmEngine extends Owned {
  readonly device: string;
  /** Compares with known answers, or with the processor's. */
  selfCheck(model: WasmModel): Promise<void>;
  /** Scores a small fixed batch; answers its number of alleles. */
  probe(): Promise<number>;
  /** Two numbers for each candidate of a job. */
  score(job: Uint8Array): Promise<Float64Array>;
  encodeWindow(window: string, editLocus?: number): Promise<Float32Array>;
  predict(state: Float32Array, edits: string): Promise<Float32Array>;
  /** Whether a GPU's device is gone. */
  lost(): boolean;
}

/** A reference genome whose bytes come from outside. */
export interface WasmReference extends Owned {
  open(): Want | undefined;
  needsIndex(): boolean;
  setIndex(fai: Uint8Array, gzi?: Uint8Array): void;
  supply(offset: number, bytes: Uint8Array): void;
  /** JSON. */
  contigs(): string;
  /** JSON. */
  assembly(): string | undefined;
  bases(contig: string, start: number, end: number): string | Want;
}

/** Makes the indexes of a FASTA file from its bytes. */
export interface WasmIndexBuilder extends Owned {
  push(chunk: Uint8Array): void;
  /** Uses the builder up: it must not be freed after this. */
  finish(): { readonly fai: Uint8Array; readonly gzi?: Uint8Array };
}

/** Tells what a file of variants is. */
export interface WasmInspector extends Owned {
  push(chunk: Uint8Array): void;
  /** JSON. */
  finish(): string;
}

/** One pass over a file of variants. */
export interface WasmRun extends Owned {
  push(chunk: Uint8Array): void;
  end(): void;
  next(): Step;
  complete(ticket: number, results: Float64Array, backend: string, device: string): void;
  /** JSON, of the rows that are finished. */
  takeRows(): string | undefined;
  vcfHeader(): string | undefined;
  /** JSON, the accounts so far. */
  counts(): string;
  /** JSON. */
  summary(): string;
  /** JSON. */
  warnings(): string;
}

/** One edit. */
export interface WasmSingle extends Owned {
  withWindow(bases: string, start: number): void;
  withReference(reference: WasmReference): Want | undefined;
  job(): Uint8Array;
  /** JSON. */
  row(results: Float64Array, backend: string, device: string, receipt: boolean): string;
}

/** Turns an array file into VCF. */
export interface WasmImporter extends Owned {
  push(chunk: Uint8Array): void;
  /** JSON, or bytes that are needed first. */
  finish(): string | Want;
}

/** The module. */
export interface Wasm {
  readonly Model: { load(files: Map<string, Uint8Array>): WasmModel };
  readonly Engine: {
    cpu(model: WasmModel): WasmEngine;
    webgpu(model: WasmModel): Promise<WasmEngine>;
  };
  readonly ReferenceFile: new (
    name: string,
    size: number,
    fai?: Uint8Array,
    gzi?: Uint8Array,
  ) => WasmReference;
  readonly IndexBuilder: new (name: string) => WasmIndexBuilder;
  readonly Inspector: new (name: string) => WasmInspector;
  readonly Run: new (
    model: WasmModel,
    reference: WasmReference,
    name: string,
    options: string,
  ) => WasmRun;
  readonly Single: new (model: WasmModel, edit: string) => WasmSingle;
  readonly Importer: new (name: string, reference: WasmReference, sampleId: string) => WasmImporter;
  verifyReceipts(text: Uint8Array, manifest: string): string;
}

/** Starts the module. It exists once in a thread: a second call answers the same. */
export async function instantiate(module: WebAssembly.Module): Promise<Wasm> {
  await glue.default({ module_or_path: module });
  return glue;
}
