/** Receipts, and what was checked of them. */

import type { CallOptions } from "./calls.js";
import type { AlleleForm, Edit } from "./edits.js";
import type { ReferenceInput } from "./reference.js";

/** How receipts are checked. */
export interface VerifyReceiptOptions extends CallOptions {
  /**
   * What the receipt should be of, where the file holds one: the edit, in the window that is given or
   * cut from a reference. Whether its hash is the receipt's is checked.
   */
  input?: ReceiptInput;
  /** Whether the input is scored again, and the receipt's figures compared with the new ones. */
  rerun?: boolean;
  /** Largest relative difference of surprises that another machine may make; 1e-5 unless told. */
  tolerance?: number;
}

/** The input of a receipt. */
export interface ReceiptInput {
  readonly edit: Edit;
  readonly window?: { readonly bases: string; readonly start: number };
  readonly reference?: ReferenceInput;
  readonly alleles?: AlleleForm;
}

/** What was checked of a receipt. */
export interface ReceiptVerdict {
  /** Receipts in the file. */
  readonly count: number;
  /** Every one of them holds, as far as it was checked. */
  readonly ok: boolean;
  /** What was checked, or what does not hold, one sentence each. */
  readonly checks: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly message: string;
  }[];
  /** What nothing was compared with, one sentence each. */
  readonly notChecked: readonly string[];
  /** The first receipt, for show. */
  readonly receipt: Readonly<Record<string, unknown>> | null;
}
