import { byId, fill, h, setText } from "./dom.ts";
import type { Engine } from "./engine.ts";
import { problem } from "./errors.ts";
import { plural } from "./format.ts";
import { onChosen, onDrop } from "./intake/drop.ts";
import type { Run } from "./run.ts";
import { whenShown } from "./tabs.ts";
import { verdictView } from "./verdict.ts";

/** The tab of receipts: those of this run, and checking any. */
export class ReceiptTab {
  private run: Run | undefined;

  constructor(private readonly engine: Engine) {
    byId("receipts-save").addEventListener("click", () => this.run?.results.saveReceipts());
    const take = ([file]: File[]) => file !== undefined && void this.check(file);
    onChosen(byId<HTMLInputElement>("receipt-input"), take);
    onDrop(byId("receipt-drop"), take);
    whenShown("receipts", () => this.refresh());
    this.refresh();
  }

  /** Another run, or none. */
  follow(run: Run | undefined): void {
    this.run = run;
    this.refresh();
  }

  private refresh(): void {
    const receipts = this.run?.results.store.scored.count ?? 0;
    setText(
      byId("receipts-have"),
      receipts === 0
        ? "Nothing has been scored yet, so there are no receipts to save."
        : `${plural(receipts, "receipt")}, one for each score.`,
    );
    byId<HTMLButtonElement>("receipts-save").disabled = receipts === 0;
  }

  private async check(file: File): Promise<void> {
    const outcome = byId("receipt-outcome");
    fill(outcome, h("p.busy", { role: "status" }, "Checking…"));
    try {
      const runtime = await this.engine.ready();
      fill(outcome, verdictView(await runtime.verifyReceipt(file)));
    } catch (error) {
      fill(outcome, problem(error, "This is no receipt that can be checked"));
    }
  }
}
