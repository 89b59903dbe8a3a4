import { Engine } from "./engine.ts";
import { Flow } from "./flow.ts";
import { byId } from "./dom.ts";
import { startFileStep } from "./intake/file.ts";
import { Requests, showSeal } from "./network.ts";
import { Offline, showOffline } from "./offline.ts";
import { throttled } from "./pace.ts";
import { PlanningTab } from "./planning/tab.ts";
import { PrivacyTab } from "./privacy.ts";
import { ReceiptTab } from "./receipt.ts";
import { emptySkipped } from "./results/skipped.ts";
import type { Run } from "./run.ts";
import { selectTab, startTabs } from "./tabs.ts";
import { startTheme } from "./theme.ts";
import { startWorker } from "./workers.ts";

const REQUESTS_SHOWN_MS = 250;

/** Puts the page's parts together. */
function main(): void {
  let run: Run | undefined;
  startTabs();
  startTheme(() => run?.results.recolour());
  emptySkipped();

  const requests = new Requests(
    throttled(REQUESTS_SHOWN_MS, () => {
      showSeal(requests);
      privacy.refresh();
    }),
  );
  const offline = new Offline((state) => {
    showOffline(state);
    privacy.refresh();
  });
  const privacy = new PrivacyTab(requests, offline);
  showOffline(offline.state);
  byId("seal").addEventListener("click", () => selectTab("privacy", true));

  // Workers that start under the service worker have their requests listed, and its policy.
  const engine = new Engine(offline.settled, startWorker);
  const receipts = new ReceiptTab(engine);
  const flow = new Flow(engine, requests, (next) => {
    run = next;
    receipts.follow(next);
  });
  new PlanningTab(engine, requests);
  startFileStep({
    files: (files) => void flow.takeFiles(files),
    example: (name) => void flow.example(name),
  });
  // Errors are shown when somebody asks for a score.
  engine.ready().catch(() => undefined);
}

main();
