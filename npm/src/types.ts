/**
 * Everything that `@genolewm/runtime` takes and gives, as types.
 *
 * GenoLeWM is a research tool. A score is not a diagnosis, and nothing here says whether a variant
 * causes a disease.
 *
 * @packageDocumentation
 */

export type * from "./types/files.js";
export type * from "./types/model.js";
export type * from "./types/calls.js";
export type * from "./types/edits.js";
export type * from "./types/states.js";
export type * from "./types/reference.js";
export type * from "./types/intake.js";
export type * from "./types/scoring.js";
export type * from "./types/rows.js";
export type * from "./types/receipts.js";
