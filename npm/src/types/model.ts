/** Models, and where their arithmetic runs. */

import type { Bytes } from "./files.js";

/** Where a model's arithmetic runs. */
export type BackendName = "cpu" | "webgpu";

/**
 * A model: the built-in one (`import builtin from "@genolewm/runtime/models/builtin"`), the URL of
 * a model directory, the files of one (from `<input webkitdirectory>` or a drop), or its bytes by
 * name, `encoder/model.safetensors` and the like.
 */
export type ModelSource =
  | BuiltinModel
  | URL
  | string
  | Iterable<File>
  | ReadonlyMap<string, Bytes>
  | Readonly<Record<string, Bytes>>;

/** The model that the package carries, resolved by the package itself. */
export interface BuiltinModel {
  /** Marks it. */
  readonly kind: "genolewm-builtin";
  /** Its files, packed as one tar archive. */
  load(signal?: AbortSignal): Promise<Uint8Array>;
}

/** Whether a backend can be used here, and why. */
export interface BackendProbe {
  readonly backend: BackendName;
  readonly available: boolean;
  /** A sentence: what was found, or what is missing. */
  readonly reason: string;
  /** Alleles a second in the short probe of `auto`, where it was run. */
  readonly allelesPerSecond: number | null;
}

/**
 * The rule by which the rows of a model's encoder become a state. Figures of models with another rule
 * cannot be compared; those of `raw_v0_2_1` and `legacy_raw_v1` are no evidence about a variant.
 */
export type StateContract =
  | "raw_v0_2_1"
  | "l2_old_row_v0_2_0"
  | "legacy_raw_v1"
  | "l2_normalized_v2";

/** What a loaded model is. */
export interface ModelInfo {
  /** sha256 of the manifest. */
  readonly modelId: string;
  /** One hash over the manifest and the files that it has no place for: all that decides scores. */
  readonly filesId: string;
  /** Whether a seal (`seal.json`) lists every file with its hash. */
  readonly sealed: boolean;
  /** By which rule its states are made. */
  readonly stateContract: StateContract;
  /** Bases of a window. */
  readonly windowBp: number;
  /** The views in which a variant is read: a strand and a phase in bp, such as `+0` and `-2`. */
  readonly views: readonly string[];
  /** The grid that windows start on, in bp; `null` where each lies around its variant. */
  readonly windowStrideBp: number | null;
  /** Width of a state. */
  readonly stateWidth: number;
  /** The manifest, as it was checked. */
  readonly manifest: Readonly<Record<string, unknown>>;
}
