/**
 * Light, dark, or what the device prefers. The choice lasts as long as the page: nothing is stored.
 */
export function startTheme(changed: () => void): void {
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name="theme"]')) {
    input.addEventListener("change", () => {
      if (input.value === "auto") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = input.value;
      changed();
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}

/** Draws for paper, whatever the screen shows. */
export function inLight<T>(draw: () => T): T {
  const { dataset } = document.documentElement;
  const before = dataset.theme;
  dataset.theme = "light";
  try {
    return draw();
  } finally {
    if (before === undefined) delete dataset.theme;
    else dataset.theme = before;
  }
}

/**
 * Colours of the style sheet as the browser resolves them now, for drawing on a canvas. Asking makes
 * the browser work out styles, so ask once for a drawing.
 */
export function palette<Name extends string>(...names: readonly Name[]): Record<Name, string> {
  const probes = names.map((name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(--${name})`;
    return probe;
  });
  document.body.append(...probes);
  const colours = names.map((name, i) => [name, getComputedStyle(probes[i] as Element).color]);
  for (const probe of probes) probe.remove();
  return Object.fromEntries(colours) as Record<Name, string>;
}
