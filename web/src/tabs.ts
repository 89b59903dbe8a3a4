import { byId } from "./dom.ts";

/** The parts of the page. */
export type TabName = "score" | "skipped" | "receipts" | "planning" | "privacy";

const NAMES: readonly TabName[] = ["score", "skipped", "receipts", "planning", "privacy"];

const tab = (name: TabName) => byId(`tab-${name}`);
const shown = new EventTarget();

/** Shows one part and hides the others. */
export function selectTab(name: TabName, focus = false): void {
  for (const other of NAMES) {
    const selected = other === name;
    tab(other).setAttribute("aria-selected", String(selected));
    tab(other).tabIndex = selected ? 0 : -1;
    byId(`panel-${other}`).hidden = !selected;
  }
  if (focus) tab(name).focus();
  shown.dispatchEvent(new Event(name));
}

/** Calls back whenever a part is shown, until the signal says to stop. */
export function whenShown(name: TabName, callback: () => void, signal?: AbortSignal): void {
  shown.addEventListener(name, callback, signal === undefined ? {} : { signal });
}

/** Makes the tabs work by mouse and keyboard, after the pattern of the ARIA practices guide. */
export function startTabs(): void {
  NAMES.forEach((name, index) => {
    tab(name).addEventListener("click", () => selectTab(name));
    tab(name).addEventListener("keydown", (event) => {
      const to = target(event.key, index);
      if (to === undefined) return;
      event.preventDefault();
      selectTab(to, true);
    });
  });
}

function target(key: string, index: number): TabName | undefined {
  const last = NAMES.length - 1;
  switch (key) {
    case "ArrowRight":
      return NAMES[index === last ? 0 : index + 1];
    case "ArrowLeft":
      return NAMES[index === 0 ? last : index - 1];
    case "Home":
      return NAMES[0];
    case "End":
      return NAMES[last];
    default:
      return undefined;
  }
}
