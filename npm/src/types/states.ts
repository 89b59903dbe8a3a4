/** Predictions and plans of states. */

import type { CallOptions, Progress } from "./calls.js";
import type { WindowEdit, WindowStretch } from "./edits.js";

/** How several edits are predicted: in one call, or each on the state that the one before predicts. */
export type Prediction = "together" | "stepwise";

/** What `predict` gives. */
export interface PredictOptions extends CallOptions {
  /** Every state on the way, and not the last alone. */
  every?: boolean;
}

/** How a plan is searched for. What is left out is as `genolewm plan` has it. */
export interface PlanOptions {
  /** The bases of the wanted window, or */
  targetWindow?: string;
  /** the wanted state. */
  targetState?: Float32Array;
  /** The state to start from; that of the window unless told. */
  initialState?: Float32Array;
  /** Where states are pooled, from the window's start; over the whole window unless told. */
  locus?: number;
  /** Edits of a plan: 5 unless told. */
  horizon?: number;
  /** Most rounds: 5 unless told. */
  iterations?: number;
  /** Candidates of a round: 1024 unless told. */
  samples?: number;
  /** Candidates that the next round is drawn like: 64 unless told. */
  elite?: number;
  /** Stop when the best is closer than this: 0.05 unless told. */
  stoppingEps?: number;
  /** Stop after so many rounds without a better one: 2 unless told. */
  patience?: number;
  /** How much of its old weights the sampler keeps: 0.1 unless told. */
  smoothing?: number;
  /** What a plan costs; the number of its edits unless told. */
  cost?: "count" | "bp" | "weighted_type";
  /** What one unit of cost weighs against one of distance: 0 unless told. */
  costWeight?: number;
  /** How far states are apart: `l2` unless told. */
  distance?: "l2" | "cosine";
  /** Types of edits to draw: `snv` unless told. */
  editTypes?: readonly ("snv" | "ins" | "del" | "mnv" | "indel")[];
  /** Bases at either end of the window that stay: 64 unless told. */
  edgeMargin?: number;
  /** Width of the stretches in which it is learned where edits are good: 8 unless told. */
  positionBinBp?: number;
  /** `together` unless told. */
  prediction?: Prediction;
  /** How many candidates of a round are made for real and ranked by that: none unless told. */
  reencode?: number;
  /** The same seed gives the same plan on one backend: 0 unless told. */
  seed?: number;
  /** Bases that stay as they are. */
  protect?: readonly WindowStretch[];
  /** Edit only these. */
  within?: WindowStretch;
  /** Insert and delete whole codons only. */
  keepFrame?: boolean;
  /** Motifs that no edit may make, on either strand, in letters of IUPAC. */
  forbid?: readonly string[];
  /** Told after every batch of candidates. */
  onProgress?: (progress: Progress) => void;
  /** Stops within one batch. */
  signal?: AbortSignal;
}

/** A plan, and what came of making it for real. */
export interface PlanResult {
  /** The edits, disjoint, all placed in the unedited window. */
  readonly edits: readonly WindowEdit[];
  /** Distance of the predicted state from the target; with `reencode`, of the real state. */
  readonly distance: number;
  readonly cost: number;
  /** Distance plus weighted cost. */
  readonly objective: number;
  /** Distance of the edited window's own state from the target. */
  readonly realDistance: number;
  /** Distance before any edit. */
  readonly initialDistance: number;
  /** How far the prediction was off the edited window's state. */
  readonly predictionErrorL2: number;
  /** 1 - cosine between them; null for a state of zeros. */
  readonly predictionErrorCosine: number | null;
  /** The window with the edits, of its old length. */
  readonly editedWindow: string;
  readonly predictedState: Float32Array;
  readonly realState: Float32Array;
  /** Candidates that were looked at. */
  readonly evaluations: number;
  /** Candidates for which there was no room. */
  readonly dropped: number;
  readonly rounds: readonly {
    readonly bestDistance: number;
    readonly bestObjective: number;
    readonly eliteMeanDistance: number;
    readonly candidates: number;
  }[];
  readonly stoppedReason: "distance_threshold" | "patience" | "max_iterations" | "no_candidates";
  /** The report as `genolewm plan` writes it, but for its files. */
  readonly report: string;
  /** Its receipt, as a line of JSON. */
  readonly receipt: string;
}
