/** One end of a connection between threads. Both ends may ask and answer. */

import { GenoLeWMError } from "../errors.js";
import type { Api, CallContext, Handlers } from "../service.js";
import type { Message, Request } from "./messages.js";

/** What a `Worker`, a worker's own scope and a `MessagePort` have in common. */
export interface Port {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  /** Ports wait to be told to listen. */
  start?(): void;
}

/** What a caller adds to a call. */
export interface CallExtras<Event> {
  readonly signal?: AbortSignal | undefined;
  readonly emit?: ((event: Event) => void) | undefined;
  /** Takes an answer that came after the call was aborted, where it holds something open. */
  readonly unclaimed?: ((value: unknown) => void) | undefined;
  /** What of the parameters is given away. */
  readonly transfer?: Transferable[] | undefined;
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
  readonly emit: ((event: never) => void) | undefined;
}

/** Serves `Served` to the other end, and calls `Called` there. */
export class Peer<Served extends Api<Served>, Called extends Api<Called>> {
  readonly #port: Port;
  readonly #handlers: Handlers<Served>;
  readonly #pending = new Map<number, Pending>();
  readonly #running = new Map<number, AbortController>();
  #closed: { readonly reason: unknown } | null = null;
  #nextId = 0;

  /** Listens from now on. */
  constructor(port: Port, handlers: Handlers<Served>) {
    this.#port = port;
    this.#handlers = handlers;
    port.addEventListener("message", (event) =>
      this.#receive(event.data as Message<Served, Called>),
    );
    port.start?.();
  }

  /** Asks the other end. Aborting rejects at once, and tells the other end to stop. */
  call<K extends keyof Called>(
    method: K,
    params: Called[K]["params"],
    { signal, emit, unclaimed, transfer = [] }: CallExtras<Called[K]["event"]> = {},
  ): Promise<Called[K]["result"]> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null) return reject(this.#closed.reason);
      if (signal?.aborted) return reject(signal.reason);
      const id = this.#nextId++;
      const stop = (): void => {
        this.#pending.get(id)?.reject(signal?.reason);
        if (unclaimed !== undefined) this.#awaitUnclaimed(id, unclaimed);
        this.#port.postMessage({ type: "abort", id });
      };
      const settle = (): void => {
        this.#pending.delete(id);
        signal?.removeEventListener("abort", stop);
      };
      this.#pending.set(id, {
        resolve: (value) => (settle(), resolve(value)),
        reject: (reason) => (settle(), reject(reason)),
        emit,
      });
      signal?.addEventListener("abort", stop);
      const refuse = (error: unknown): void => (settle(), reject(GenoLeWMError.from(error)));
      this.#request({ type: "request", id, method, params } as Request<Called>, transfer, refuse);
    });
  }

  /** Rejects what is under way and every later call. */
  close(reason: unknown): void {
    this.#closed ??= { reason };
    for (const { reject } of [...this.#pending.values()]) reject(reason);
    for (const controller of this.#running.values()) controller.abort(reason);
  }

  #awaitUnclaimed(id: number, unclaimed: (value: unknown) => void): void {
    const over = (): unknown => this.#pending.delete(id);
    const resolve = (value: unknown): void => (over(), unclaimed(value));
    this.#pending.set(id, { resolve, reject: over, emit: undefined });
  }

  /** Parameters that cannot be sent are the caller's failure. */
  #request(
    message: Request<Called>,
    transfer: Transferable[],
    refuse: (error: unknown) => void,
  ): void {
    try {
      this.#port.postMessage(message, transfer);
    } catch (error) {
      refuse(error);
    }
  }

  #receive(message: Message<Served, Called>): void {
    switch (message.type) {
      case "request":
        void this.#serve(message);
        break;
      case "abort":
        this.#running.get(message.id)?.abort();
        break;
      case "event":
        this.#pending.get(message.id)?.emit?.(message.event as never);
        break;
      case "result":
        this.#pending.get(message.id)?.resolve(message.value as never);
        break;
      case "failure":
        this.#pending.get(message.id)?.reject(new GenoLeWMError(message.error));
        break;
    }
  }

  async #serve({ id, method, params }: Request<Served>): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    const context: CallContext = {
      signal: controller.signal,
      emit: (event) => this.#port.postMessage({ type: "event", id, event }),
    };
    try {
      const value = await this.#handlers[method](params, context);
      this.#port.postMessage({ type: "result", id, value });
    } catch (error) {
      this.#port.postMessage({ type: "failure", id, error: GenoLeWMError.from(error).toJSON() });
    } finally {
      this.#running.delete(id);
    }
  }
}
