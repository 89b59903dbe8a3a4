import { byId, button, h } from "./dom.ts";
import { sentence } from "./format.ts";

/** Says something to those who hear the page rather than see it. */
export function announce(message: string): void {
  byId("announcer").textContent = message;
}

/** Something that a notice offers to do. */
export interface Offer {
  readonly label: string;
  readonly act: () => void;
}

/** Shows a notice above the page until it is closed, and says it. Equal notices are shown once. */
export function notice(told: string, offer?: Offer): void {
  const message = sentence(told);
  const list = byId("notices");
  const known = [...list.children].some((item) => item.firstElementChild?.textContent === message);
  if (known) return;
  const item = h("div.notice", { "data-testid": "notice" }, h("p", message));
  if (offer !== undefined) {
    item.dataset.offer = "";
    item.append(button(offer.label, { class: "link" }, offer.act));
  }
  item.append(button("Close", { class: "link" }, () => item.remove()));
  list.append(item);
  announce(message);
}

/** Takes notices away, at the start of something new. Offers stay: they are made once. */
export function clearNotices(): void {
  for (const item of byId("notices").querySelectorAll(":scope > :not([data-offer])")) item.remove();
}
