/**
 * Sources across threads. Blobs, bytes and URLs travel as they are; what only this thread can read
 * stays here, and the worker asks for its bytes.
 */

import { streamPieces } from "../bytes.js";
import { GenoLeWMError } from "../errors.js";
import type { Handlers, Method, SourceSpec } from "../service.js";
import type { Peer } from "./peer.js";

/** What the worker asks of the thread that started it. */
export interface HostApi {
  /** Says that the worker runs. */
  readonly ready: Method<null, null>;
  /**
   * Starts a worker with an engine that is spoken to through `port`. Never settles but by a failure;
   * aborting it ends the worker. All workers are started by one thread: a worker that starts others
   * is where browsers differ, in what they let it do and in which policy they give to it.
   */
  readonly engine: Method<{ readonly port: MessagePort }, never>;
  readonly read: Method<
    { readonly source: number; readonly offset: number; readonly length: number },
    Uint8Array
  >;
  /** The next piece of a stream; null at its end. */
  readonly pull: Method<{ readonly source: number }, Uint8Array | null>;
}

/** A source that stayed on the other side. */
type Stayed =
  | {
      readonly kind: "remote-range";
      readonly name: string;
      readonly id: number;
      readonly size: number;
    }
  | { readonly kind: "remote-stream"; readonly name: string; readonly id: number };

/** A source as a message carries it. */
export type WireSource = Exclude<SourceSpec, { kind: "range" | "stream" }> | Stayed;

type Held =
  | { readonly spec: Extract<SourceSpec, { kind: "range" }> }
  | { readonly pieces: AsyncGenerator<Uint8Array, void, undefined> };

/** Sources that stay on this side while the worker uses them. */
export class HeldSources {
  readonly #held = new Map<number, Held>();
  #nextId = 0;

  /** Answers the worker. */
  readonly handlers: Pick<Handlers<HostApi>, "read" | "pull"> = {
    read: async ({ source, offset, length }, { signal }) => {
      const held = this.#held.get(source);
      if (held === undefined || !("spec" in held)) throw released();
      return alone(await held.spec.source.read(offset, length, signal));
    },
    pull: async ({ source }) => {
      const held = this.#held.get(source);
      if (held === undefined || !("pieces" in held)) throw released();
      const { value } = await held.pieces.next();
      return value === undefined ? null : alone(value);
    },
  };

  /** The source for a message, and what lets it go again. */
  wire(spec: SourceSpec): { readonly source: WireSource; readonly release: () => void } {
    if (spec.kind === "range") {
      const id = this.#hold({ spec });
      const { name, size } = spec.source;
      return {
        source: { kind: "remote-range", name, id, size },
        release: () => void this.#held.delete(id),
      };
    }
    if (spec.kind === "stream") {
      const stop = new AbortController();
      const id = this.#hold({ pieces: streamPieces(spec.stream, stop.signal) });
      const release = (): void => {
        this.#held.delete(id);
        stop.abort();
      };
      return { source: { kind: "remote-stream", name: spec.name, id }, release };
    }
    const source = spec.kind === "bytes" ? { ...spec, bytes: alone(spec.bytes) } : spec;
    return { source, release: () => undefined };
  }

  #hold(held: Held): number {
    const id = this.#nextId++;
    this.#held.set(id, held);
    return id;
  }
}

/** The other end of {@link HeldSources.wire}. */
export function revive(wire: WireSource, host: Pick<Peer<never, HostApi>, "call">): SourceSpec {
  if (wire.kind === "remote-range") {
    const { name, id, size } = wire;
    const read = (offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> =>
      host.call("read", { source: id, offset, length }, { signal });
    return { kind: "range", name, source: { name, size, read } };
  }
  if (wire.kind === "remote-stream") {
    const { name, id } = wire;
    const stream = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const piece = await host.call("pull", { source: id });
          if (piece === null) controller.close();
          else controller.enqueue(piece);
        },
      },
      { highWaterMark: 1 },
    );
    return { kind: "stream", name, stream };
  }
  return wire;
}

/** Bytes without the others of their buffer: a message carries whole buffers. */
function alone(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

function released(): GenoLeWMError {
  return new GenoLeWMError({ code: "INPUT.GENERIC", message: "The file is no longer open." });
}
