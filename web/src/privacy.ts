import { button, byId, fill, h, setText } from "./dom.ts";
import { count, size } from "./format.ts";
import type { Listed, Requests } from "./network.ts";
import { type Offline, ownCaches } from "./offline.ts";
import { tableOf } from "./pieces.ts";
import { whenShown } from "./tabs.ts";

/** The tab that shows what the page does with data, so that nobody needs to take its word. */
export class PrivacyTab {
  private readonly rows = h("tbody");
  private readonly sum = h("p.found", { "data-testid": "requests-sum" });
  private readonly stored = h("ul", { "data-testid": "stored" });
  private readonly policy = h("code.policy", { "data-testid": "policy" });
  private shown = 0;

  constructor(
    private readonly requests: Requests,
    private readonly offline: Offline,
  ) {
    fill(
      byId("panel-privacy"),
      h("h2", "Privacy you can check"),
      h(
        "p",
        "Your file is read and scored by your own browser. It is not uploaded, and neither are scores, positions or names. You can see that here, and you can try it: cut the connection and score a file.",
      ),
      h("p.offline", { id: "offline-state", "data-testid": "offline" }),
      this.requestPart(),
      this.storagePart(),
      policyPart(this.policy),
    );
    whenShown("privacy", () => this.refresh());
    this.refresh();
  }

  /** Brings the tab up to date; cheap while it is hidden. */
  refresh(): void {
    if (byId("panel-privacy").hidden) return;
    this.drawRequests();
    // Some private windows refuse to be asked.
    this.drawStored().catch(() => fill(this.stored, h("li", "This browser does not tell.")));
    setText(
      this.policy,
      document
        .querySelector('meta[http-equiv="Content-Security-Policy"]')
        ?.getAttribute("content") ?? "",
    );
  }

  private requestPart(): HTMLElement {
    const heads = ["After", "Made by", "Address", "Answered by", "Size"];
    const table = tableOf(heads, this.rows, { class: "requests", "data-testid": "requests" });
    return h(
      "section.card",
      h("h3", "Every request this page has made"),
      this.sum,
      h("div.table-scroll.tall", { tabindex: 0, role: "region", "aria-label": "Requests" }, table),
      h(
        "p.fine",
        "Seen by the browser’s own record, by the service worker for what the scoring workers ask for, and by the policy for what it blocks. Your browser’s developer tools show the same.",
      ),
    );
  }

  private storagePart(): HTMLElement {
    const forget = button(
      "Remove everything kept",
      { class: "button slim", "data-testid": "forget" },
      () => void this.forget(),
    );
    return h(
      "section.card",
      h("h3", "What is kept on this device"),
      this.stored,
      h(
        "p.fine",
        "The kept files are this page, its model and its example, the same for everybody. Your file and its scores are gone when you close the tab, unless you save them.",
      ),
      forget,
    );
  }

  private async forget(): Promise<void> {
    // What could not be removed is still listed.
    await this.offline.forget().catch(() => undefined);
    this.refresh();
  }

  private drawRequests(): void {
    const { list, sinceFile } = this.requests;
    const blocked = list.filter((request) => request.blocked).length;
    const elsewhere = list.filter(
      (request) => /^[a-z]+:/.test(request.address) && !request.blocked,
    ).length;
    const since =
      sinceFile === null
        ? "No file has been opened yet."
        : `${count(sinceFile)} over the network since your file was opened.`;
    const made = list.length - blocked;
    setText(
      this.sum,
      `${count(made)} requests, ${elsewhere === 0 ? "all" : `${count(made - elsewhere)}`} to this page’s own address. ${since}${blocked > 0 ? ` ${count(blocked)} blocked by the policy.` : ""}`,
    );
    if (list.length === this.shown) return;
    this.shown = list.length;
    fill(this.rows, ...list.map((request) => this.row(request)));
  }

  private row(request: Listed): HTMLElement {
    const name = request.blocked
      ? "blocked"
      : this.requests.isAfterFile(request)
        ? "after-file"
        : undefined;
    const cells = [
      `${(request.at / 1000).toFixed(1)} s`,
      request.by,
      `${request.method} ${request.address}`,
      request.outcome,
      request.sizeBytes === null || request.sizeBytes === 0 ? "–" : size(request.sizeBytes),
    ];
    return h(
      "tr",
      { class: name, "data-testid": "request" },
      ...cells.map((cell) => h("td", cell)),
    );
  }

  private async drawStored(): Promise<void> {
    const copies = await Promise.all(
      (await ownCaches()).map(async (name) => (await (await caches.open(name)).keys()).length),
    );
    const databases = (await indexedDB.databases?.()) ?? [];
    const lines = [
      `${count(copies.reduce((sum, n) => sum + n, 0))} files of this page, for offline use`,
      `${count(localStorage.length + sessionStorage.length)} entries in local storage`,
      `${count(databases.length)} databases`,
      `${document.cookie === "" ? "no" : "some"} cookies`,
    ];
    fill(this.stored, ...lines.map((line) => h("li", line)));
  }
}

function policyPart(policy: HTMLElement): HTMLElement {
  return h(
    "section.card",
    h("h3", "The policy your browser enforces"),
    h(
      "p",
      "It lets this page talk to the place it came from and to nobody else, and run no code but its own files.",
    ),
    policy,
  );
}
