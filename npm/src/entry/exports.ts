/** What every entry of the package gives beside its runtime. */

export { GenoLeWMError, type ErrorCode, type ErrorLocation, type ErrorParts } from "../errors.js";
export type * from "../types.js";
