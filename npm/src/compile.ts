/** Compiles the wasm module, from wherever its bytes come. */

import { GenoLeWMError } from "./errors.js";
import { fetchWhole } from "./http.js";
import { isModule, isResponse, isUrl } from "./kinds.js";

/** The module, or what it can be made of. */
export type WasmSource = WebAssembly.Module | BufferSource | Response | URL | string;

/** Compiles `source`; a module is taken as it is. */
export async function compile(
  source: WasmSource | Promise<WasmSource>,
  signal: AbortSignal | undefined,
): Promise<WebAssembly.Module> {
  const given = await arrived(source, signal);
  try {
    if (isModule(given)) return given;
    if (isResponse(given)) return await compileResponse(given);
    if (typeof given === "string" || isUrl(given)) return await compileUrl(given, signal);
    return await WebAssembly.compile(given);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof GenoLeWMError) throw error;
    throw new GenoLeWMError(
      {
        code: "RESOURCE.RUNTIME_SETUP",
        message: `The wasm module cannot be used here: ${(error as Error).message}`,
        remediation:
          "It needs WebAssembly with SIMD, and a Content-Security-Policy that has 'wasm-unsafe-eval'.",
      },
      { cause: error },
    );
  }
}

/** The source, once it is there. */
async function arrived<T>(source: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await source;
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof GenoLeWMError ? error : unreached(error);
  }
}

function unreached(cause: unknown): GenoLeWMError {
  return new GenoLeWMError(
    {
      code: "RESOURCE.RUNTIME_SETUP",
      message: "The wasm module could not be read.",
      remediation:
        "See that the network is there, and the package's wasm/ folder beside its dist/ folder.",
    },
    { cause },
  );
}

async function compileUrl(
  url: string | URL,
  signal: AbortSignal | undefined,
): Promise<WebAssembly.Module> {
  const bytes = await fetchWhole(String(url), "genolewm_bg.wasm", signal);
  if (bytes !== null) return WebAssembly.compile(bytes as BufferSource);
  throw absent(String(url));
}

function absent(url: string): GenoLeWMError {
  return new GenoLeWMError({
    code: "RESOURCE.RUNTIME_SETUP",
    message: "The wasm module is not where it should be.",
    details: { url },
    remediation: "Serve the package's wasm/ folder beside its dist/ folder.",
  });
}

/** Streaming needs the right content type, which not every server sends. */
async function compileResponse(response: Response): Promise<WebAssembly.Module> {
  const type = response.headers.get("content-type") ?? "";
  // Servers of single-page applications answer a missing file with their page.
  if (!response.ok || type.startsWith("text/html")) throw absent(response.url);
  try {
    if (type.startsWith("application/wasm")) return await WebAssembly.compileStreaming(response);
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch (error) {
    // A module that is not right, or not allowed, is another error: this is a body that broke off.
    throw error instanceof TypeError ? unreached(error) : error;
  }
}
