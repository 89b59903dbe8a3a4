/** Compiles the wasm module, from wherever its bytes come. */

import { GenoLeWMError } from "./errors.js";
import { fetchWhole } from "./http.js";

/** The module, or what it can be made of. */
export type WasmSource = WebAssembly.Module | BufferSource | Response | URL | string;

/** Compiles `source`; a module is taken as it is. */
export async function compile(
  source: WasmSource | Promise<WasmSource>,
  signal: AbortSignal | undefined,
): Promise<WebAssembly.Module> {
  try {
    const given = await source;
    if (given instanceof WebAssembly.Module) return given;
    if (given instanceof Response) return await compileResponse(given);
    if (typeof given === "string" || given instanceof URL) return await compileUrl(given, signal);
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
  if (!response.ok) throw absent(response.url);
  const streams = response.headers.get("content-type")?.startsWith("application/wasm") ?? false;
  if (streams) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}
