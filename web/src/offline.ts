import { notice } from "./announce.ts";
import { byId, setText } from "./dom.ts";
import type { TakeOver } from "./messages.ts";
import { ownScript } from "./trusted.ts";

/** Where things stand with working offline. */
export type OfflineState = "preparing" | "ready" | "unavailable";

/** Loading waits this long for the service worker, which can report workers' requests from then on. */
const PATIENCE_MS = 8000;

/** Registers the service worker and says how far it is. */
export class Offline {
  private current: OfflineState = "preparing";
  /** Settles when the service worker serves this page, or cannot. */
  readonly settled: Promise<void>;

  constructor(private readonly changed: (state: OfflineState) => void) {
    this.settled = this.start();
  }

  get state(): OfflineState {
    return this.current;
  }

  /** Removes everything that this page keeps on the device: the copies and the service worker. */
  async forget(): Promise<void> {
    const registration = await navigator.serviceWorker?.getRegistration();
    await registration?.unregister();
    for (const name of await ownCaches()) await caches.delete(name);
    this.set("unavailable");
  }

  private async start(): Promise<void> {
    // Who is told is made after this: nobody hears of anything before the page is put together.
    await Promise.resolve();
    // Pages without https have none at all, and some private windows neither: everything else works.
    if (!("serviceWorker" in navigator)) return this.set("unavailable");
    try {
      // By way of the HTTP cache: looking for a newer version is no reason for a request at each visit.
      const registration = await navigator.serviceWorker.register(
        ownScript(new URL("sw.js", document.baseURI)),
        { updateViaCache: "all" },
      );
      followUpdates(registration);
      await Promise.race([
        controlled(),
        new Promise((resolve) => setTimeout(resolve, PATIENCE_MS)),
      ]);
      void navigator.serviceWorker.ready.then(() => this.set("ready"));
    } catch {
      // A browser may have them and refuse.
      this.set("unavailable");
    }
  }

  private set(state: OfflineState): void {
    this.current = state;
    this.changed(state);
  }
}

/** How the service worker's caches begin. The same stands in `sw.ts`, which is one script. */
const PREFIX = "genolewm-";

/** The caches of this page. Others of the same origin, a user's other projects say, have their own. */
export async function ownCaches(): Promise<string[]> {
  // Undefined where there are no service workers.
  const names = "caches" in globalThis ? await caches.keys() : [];
  return names.filter((name) => name.startsWith(PREFIX));
}

async function controlled(): Promise<void> {
  const { serviceWorker } = navigator;
  if (serviceWorker.controller !== null) return;
  await new Promise((resolve) =>
    serviceWorker.addEventListener("controllerchange", resolve, { once: true }),
  );
}

/** Offers a newer version of the page once it is there. Whoever has results open may go on with the old. */
function followUpdates(registration: ServiceWorkerRegistration): void {
  const offer = () => {
    const { waiting } = registration;
    if (waiting === null || navigator.serviceWorker.controller === null) return;
    const reload = () => {
      navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), {
        once: true,
      });
      waiting.postMessage("take-over" satisfies TakeOver);
    };
    notice(
      "A newer version of this page is ready. Reloading forgets the file and the results that are open.",
      { label: "Reload", act: reload },
    );
  };
  offer();
  registration.addEventListener("updatefound", () =>
    registration.installing?.addEventListener("statechange", offer),
  );
}

/** What the page says of each state. */
const OFFLINE_WORDS: Readonly<Record<OfflineState, string>> = {
  preparing: "Getting ready to work offline…",
  ready: "Works offline: you can cut the connection now.",
  unavailable:
    "Not kept for offline use in this browser or window. Requests of the scoring workers cannot be listed here then; your browser’s developer tools show them.",
};

/** Writes the state where the page shows it. */
export function showOffline(state: OfflineState): void {
  const place = byId("offline-state");
  place.dataset.state = state;
  setText(place, OFFLINE_WORDS[state]);
}
