/**
 * Light, dark, or what the device prefers. The choice lasts as long as the page: nothing is stored.
 */
export function startTheme(changed: () => void): void {
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name="theme"]')) {
    input.addEventListener("change", () => {
      if (input.value === "auto") delete document.documentElement.dataset["theme"];
      else document.documentElement.dataset["theme"] = input.value;
      changed();
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}

/** Draws for paper, whatever the screen shows. */
export function inLight<T>(draw: () => T): T {
  const { dataset } = document.documentElement;
  const before = dataset["theme"];
  dataset["theme"] = "light";
  try {
    return draw();
  } finally {
    if (before === undefined) delete dataset["theme"];
    else dataset["theme"] = before;
  }
}

/** A colour of the style sheet as the browser resolves it now, for drawing on a canvas. */
export function colour(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
