import { button, byId, fill, h, setText } from "./dom.ts";
import type { Engine } from "./engine.ts";
import { problem } from "./errors.ts";
import { plural } from "./format.ts";
import { dropZone } from "./pieces.ts";
import type { Run } from "./run.ts";
import { whenShown } from "./tabs.ts";
import { verdictView } from "./verdict.ts";

/** The tab of receipts: those of this run, and checking any. */
export class ReceiptTab {
  private readonly have = h("p", { "data-testid": "receipts-have" });
  private readonly saveButton: HTMLButtonElement;
  private readonly outcome = h("div.outcome", { "data-testid": "receipt-outcome" });
  private run: Run | undefined;

  constructor(private readonly engine: Engine) {
    this.saveButton = button("Save all receipts", { "data-testid": "receipts-save" }, () =>
      this.run?.results.saveReceipts(),
    );
    fill(
      byId("panel-receipts"),
      h("h2", "Receipts"),
      h(
        "p",
        "Every score comes with a receipt: a small text that binds the score to the model, the piece of reference, the change and the settings that made it. Anybody who has the model can check it.",
      ),
      h("div.file-choice", this.saving(), this.checking()),
      this.outcome,
      h(
        "p.fine",
        "A receipt is a checksum and no signature: it shows that its parts belong together, not who made them. It holds positions, so a list of receipts tells which changes a file had.",
      ),
    );
    whenShown("receipts", () => this.refresh());
    this.refresh();
  }

  /** Another run, or none. */
  follow(run: Run | undefined): void {
    this.run = run;
    this.refresh();
  }

  private saving(): HTMLElement {
    return h("section.card", h("h3", "Of this run"), this.have, h("p", this.saveButton));
  }

  private checking(): HTMLElement {
    return dropZone({
      name: "receipt",
      title: "Drop a receipt to check it",
      button: "Choose a receipt",
      note: "One receipt (JSON) or many (JSONL). It is read on this device.",
      take: ([file]) => file !== undefined && void this.check(file),
    });
  }

  private refresh(): void {
    const receipts = this.run?.results.store.scored.count ?? 0;
    setText(
      this.have,
      receipts === 0
        ? "Nothing has been scored yet, so there are no receipts to save."
        : `${plural(receipts, "receipt")}, one for each score.`,
    );
    this.saveButton.disabled = receipts === 0;
  }

  private async check(file: File): Promise<void> {
    fill(this.outcome, h("p.busy", { role: "status" }, "Checking…"));
    try {
      const runtime = await this.engine.ready();
      fill(this.outcome, verdictView(await runtime.verifyReceipt(file)));
    } catch (error) {
      fill(this.outcome, problem(error, "This is no receipt that can be checked"));
    }
  }
}
