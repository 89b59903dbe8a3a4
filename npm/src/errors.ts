/** The one error type, and how failures of every origin become it. */

/** A stable code; its family, the part before the dot, says what kind of thing went wrong. */
export type ErrorCode =
  | "CONFIG.GENERIC"
  | "CONFIG.SCHEMA_INCOMPAT"
  | "CONFIG.MISSING_FIELD"
  | "CONFIG.UNKNOWN_TOP_LEVEL_KEY"
  | "INPUT.GENERIC"
  | "INPUT.INVALID_EDIT"
  | "INPUT.UNSUPPORTED_EDIT"
  | "INPUT.WINDOW_MISMATCH"
  | "INPUT.OVERLAPPING_EDITS"
  | "INPUT.OUT_OF_WINDOW"
  | "INPUT.VCF_PARSE"
  | "RESOURCE.GENERIC"
  | "RESOURCE.CACHE_CORRUPT"
  | "RESOURCE.DISK_FULL"
  | "RESOURCE.OOM"
  | "RESOURCE.MODEL_NOT_FOUND"
  | "RESOURCE.RUNTIME_SETUP"
  | "RESOURCE.NETWORK_PROHIBITED"
  | "TRAINING.GENERIC"
  | "TRAINING.COLLAPSE_DETECTED"
  | "TRAINING.NAN_LOSS"
  | "TRAINING.DATALOADER"
  | "EVAL.GENERIC"
  | "EVAL.DATASET"
  | "EVAL.REGRESSION"
  | "DEPLOY.GENERIC"
  | "DEPLOY.EXPORT_FORMAT"
  | "DEPLOY.QUANTIZATION_FAILED"
  | "DEPLOY.BACKEND_UNSUPPORTED"
  | "PROVENANCE.GENERIC"
  | "PROVENANCE.MANIFEST_HASH_MISMATCH"
  | "PROVENANCE.INPUT_COMMITMENT_MISMATCH"
  | "PROVENANCE.OUTPUT_COMMITMENT_MISMATCH"
  | "PROVENANCE.KIND_UNSUPPORTED"
  | "PROVENANCE.RECEIPT_SCHEMA"
  | "INTERNAL.GENERIC"
  | "INTERNAL.INVARIANT_VIOLATION"
  | "INTERNAL.UNREACHABLE";

/** Where in an input something is wrong. Lines and columns count from 1; columns count bytes. */
export interface ErrorLocation {
  /** The input's name. */
  readonly file: string;
  readonly line?: number | null;
  readonly column?: number | null;
  /** The offending text, cut short. Never a genotype or a sample name. */
  readonly text?: string | null;
}

/** What an error is made of; also how it crosses from a worker, and how wasm throws it. */
export interface ErrorParts {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: Readonly<Record<string, string>>;
  readonly remediation?: string | null;
  readonly location?: ErrorLocation | null;
  /** `AbortError` for work that was stopped because its runtime was disposed. */
  readonly name?: string;
}

/** What can be done about errors that say no better; by the family of their code, as natively. */
const REMEDIES: Readonly<Record<string, string>> = {
  INPUT: "correct what is named, or leave it out; docs/formats.md says what is read",
  CONFIG: "correct the setting that is named",
  RESOURCE: "check that there is room, and that what is named is there and may be used",
  TRAINING: "correct the setting or the data that is named, and resume the run",
  EVAL: "correct the data that is named",
  DEPLOY: "fetch the model or checkpoint again, or make it again",
  PROVENANCE: "use the files that came with the model or the score, unchanged",
  INTERNAL: "this is a fault of the program: please report it, without your data",
};

function remedyOf(code: ErrorCode): string {
  const [family = ""] = code.split(".");
  return REMEDIES[family] ?? (REMEDIES.INTERNAL as string);
}

/** A failure: what is wrong, where, and what to do about it. */
export class GenoLeWMError extends Error {
  /** Stable; the same codes as the command-line program's. */
  readonly code: ErrorCode;
  /** What the message says in words, by name. */
  readonly details: Readonly<Record<string, string>>;
  /** What to do about it. */
  readonly remediation: string;
  /** The place in the input, where there is one. */
  readonly location: ErrorLocation | null;

  /** An error of these parts; `cause` is what it was made from. */
  constructor(parts: ErrorParts, options?: ErrorOptions) {
    super(parts.message, options);
    this.name = parts.name ?? "GenoLeWMError";
    this.code = parts.code;
    this.details = parts.details ?? {};
    this.remediation = parts.remediation ?? remedyOf(parts.code);
    this.location = parts.location ?? null;
  }

  /** Whatever was thrown, as a `GenoLeWMError`. */
  static from(thrown: unknown): GenoLeWMError {
    if (thrown instanceof GenoLeWMError) return thrown;
    if (isParts(thrown)) return new GenoLeWMError(thrown);
    return new GenoLeWMError(describe(thrown), { cause: thrown });
  }

  /** The parts, as plain data. */
  toJSON(): Required<ErrorParts> {
    const { name, code, message, details, remediation, location } = this;
    return { name, code, message, details, remediation, location };
  }
}

/** What `dispose()` rejects unfinished work with. */
export function disposedError(): GenoLeWMError {
  return new GenoLeWMError({
    name: "AbortError",
    code: "RESOURCE.GENERIC",
    message: "The runtime was disposed.",
    remediation: "Load a new runtime.",
  });
}

function isParts(thrown: unknown): thrown is ErrorParts {
  if (typeof thrown !== "object" || thrown === null || thrown instanceof Error) return false;
  const { code, message } = thrown as Partial<ErrorParts>;
  return typeof code === "string" && typeof message === "string";
}

/** The code of a system call that failed on a file. Its message holds the path, and is not told. */
function fileErrorCode(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !("syscall" in thrown) || !("code" in thrown)) return null;
  return typeof thrown.code === "string" ? thrown.code : null;
}

function describe(thrown: unknown): ErrorParts {
  const { name, message } =
    thrown instanceof Error ? thrown : { name: "", message: String(thrown) };
  if (name === "NotReadableError" || name === "NotFoundError") {
    return {
      code: "RESOURCE.GENERIC",
      message:
        "The file can no longer be read: it was changed, moved or removed after it was chosen.",
      remediation: "Choose the file again.",
    };
  }
  const code = fileErrorCode(thrown);
  if (code !== null) {
    return {
      code: "RESOURCE.GENERIC",
      message: code === "ENOENT" ? "The file is not there." : "The file cannot be read.",
      details: { code },
      remediation: "See whether its address is right, and whether it may be read.",
    };
  }
  if (thrown instanceof WebAssembly.RuntimeError) {
    return {
      code: "INTERNAL.GENERIC",
      message: `The wasm module stopped: ${message}`,
      remediation: "Load a new runtime; a smaller batchSize or fewer threads need less memory.",
    };
  }
  return {
    code: "INTERNAL.GENERIC",
    message: message || name || "Something failed without saying why.",
  };
}
