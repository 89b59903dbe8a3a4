import { byId, setText } from "./dom.ts";
import type { RequestTold } from "./messages.ts";
import { Pairs } from "./pairs.ts";

/** One request, as the panel lists it. */
export interface Listed {
  /** Milliseconds since the page was opened. */
  readonly at: number;
  readonly method: string;
  readonly address: string;
  readonly by: string;
  readonly outcome: string;
  readonly sizeBytes: number | null;
  /** Bytes went over the network, or would have. */
  readonly network: boolean;
  readonly blocked: boolean;
}

const BY: Readonly<Record<RequestTold["by"], string>> = {
  page: "page",
  worker: "scoring worker",
  offline: "offline copy",
};

const ONE_ATTEMPT_MS = 500;

const FROM: Readonly<Record<RequestTold["from"], string>> = {
  network: "network",
  copy: "copy on this device",
  failed: "no answer",
};

/**
 * Every request of this page, from three witnesses: the browser's own record of what the page
 * loaded, the service worker for what workers ask for, and the policy for what it blocked.
 */
export class Requests {
  readonly list: Listed[] = [];
  private readonly pairs = new Pairs<Listed>();
  private fileAt: number | undefined;
  private violation: { uri: string; policy: string; at: number } | undefined;

  constructor(private readonly changed: () => void) {
    new PerformanceObserver((entries) => {
      for (const entry of entries.getEntries()) this.loaded(entry as PerformanceResourceTiming);
    }).observe({ type: "resource", buffered: true });
    for (const entry of performance.getEntriesByType("navigation"))
      this.loaded(entry as PerformanceResourceTiming);
    document.addEventListener("securitypolicyviolation", (event) => this.blocked(event));
    navigator.serviceWorker?.addEventListener(
      "message",
      ({ data }: MessageEvent<RequestTold>) => data.kind === "request" && this.told(data),
    );
    navigator.serviceWorker?.startMessages();
  }

  /** From here on the page has a person's file. */
  markFile(): void {
    this.fileAt = performance.now();
    this.changed();
  }

  /** Whether a request came after the file was opened. */
  isAfterFile(request: Listed): boolean {
    return this.fileAt !== undefined && request.at > this.fileAt;
  }

  /** Requests over the network since a file was opened; null while there is none. */
  get sinceFile(): number | null {
    return this.fileAt === undefined
      ? null
      : this.list.filter((request) => request.network && this.isAfterFile(request)).length;
  }

  private loaded(entry: PerformanceResourceTiming): void {
    const copied = entry.workerStart > 0 || entry.transferSize === 0;
    const row: Listed = {
      at: entry.startTime,
      method: "GET",
      address: shortAddress(entry.name),
      by: BY.page,
      outcome: copied ? FROM.copy : FROM.network,
      sizeBytes: entry.decodedBodySize,
      network: !copied,
      blocked: false,
    };
    const answered = entry.workerStart > 0;
    if (!answered || this.pairs.recorded(entry.name, row, performance.now())) this.add(row);
  }

  private told({ url, method, by, from, at, sizeBytes }: RequestTold): void {
    if (by === "page") {
      // The browser's own record has what was answered from a copy. It does not tell a copy from
      // what the worker passed on, and there the worker's word stands.
      if (from === "copy") return;
      const early = this.pairs.told(url, performance.now());
      if (early !== undefined) this.list.splice(this.list.indexOf(early), 1);
    }
    const address = shortAddress(url);
    this.add({
      at: at - performance.timeOrigin,
      method,
      address,
      by: BY[by],
      outcome: FROM[from],
      sizeBytes,
      network: from !== "copy",
      blocked: false,
    });
  }

  private blocked({
    blockedURI,
    timeStamp,
    effectiveDirective,
    originalPolicy,
  }: SecurityPolicyViolationEvent): void {
    // The policy comes twice, as a header and in the page: one attempt violates both.
    const again =
      this.violation?.uri === blockedURI &&
      this.violation.policy !== originalPolicy &&
      timeStamp - this.violation.at < ONE_ATTEMPT_MS;
    this.violation = again ? undefined : { uri: blockedURI, policy: originalPolicy, at: timeStamp };
    if (again) return;
    this.add({
      at: timeStamp,
      method: "",
      address: shortAddress(blockedURI),
      by: BY.page,
      outcome: `blocked by ${effectiveDirective}`,
      sizeBytes: null,
      network: false,
      blocked: true,
    });
  }

  private add(request: Listed): void {
    this.list.push(request);
    this.list.sort((a, b) => a.at - b.at);
    this.changed();
  }
}

/** The address within this page's folder, or in full where it lies elsewhere. */
function shortAddress(url: string): string {
  const folder = new URL(".", document.baseURI).href;
  if (!url.startsWith(folder)) return url;
  return url.slice(folder.length) || "(this page)";
}

/** The sentence in the page's head, for everybody who does not open the panel. */
export function showSeal(requests: Requests): void {
  const since = requests.sinceFile;
  const seal = byId("seal");
  seal.dataset.state = since === null || since === 0 ? "quiet" : "requests";
  const text =
    since === null
      ? "Your file stays on this device"
      : `${since === 0 ? "No request" : since === 1 ? "1 request" : `${since} requests`} since your file was opened`;
  setText(byId("seal-text"), text);
}
