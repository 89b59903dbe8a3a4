import { byId, fill, h, setText } from "./dom.ts";
import { count, size } from "./format.ts";
import type { Listed, Requests } from "./network.ts";
import { type Offline, ownCaches } from "./offline.ts";
import { whenShown } from "./tabs.ts";

/** The tab that shows what the page does with data, so that nobody needs to take its word. */
export class PrivacyTab {
  private shown = 0;

  constructor(
    private readonly requests: Requests,
    private readonly offline: Offline,
  ) {
    byId("forget").addEventListener("click", () => void this.forget());
    whenShown("privacy", () => this.refresh());
    this.refresh();
  }

  /** Brings the tab up to date; cheap while it is hidden. */
  refresh(): void {
    if (byId("panel-privacy").hidden) return;
    this.drawRequests();
    // Some private windows refuse to be asked.
    this.drawStored().catch(() => fill(byId("stored"), h("li", "This browser does not tell.")));
    setText(
      byId("policy"),
      document
        .querySelector('meta[http-equiv="Content-Security-Policy"]')
        ?.getAttribute("content") ?? "",
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
      byId("requests-sum"),
      `${count(made)} requests, ${elsewhere === 0 ? "all" : `${count(made - elsewhere)}`} to this page’s own address. ${since}${blocked > 0 ? ` ${count(blocked)} blocked by the policy.` : ""}`,
    );
    if (list.length === this.shown) return;
    this.shown = list.length;
    fill(byId("requests-rows"), ...list.map((request) => this.row(request)));
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
    fill(byId("stored"), ...lines.map((line) => h("li", line)));
  }
}
