/** Pieces that several parts of the page are made of. */
import { type Attributes, byId, button, fill, h } from "./dom.ts";

/** A table with a head, around a body that its owner fills. */
export function tableOf(
  heads: readonly string[],
  body: HTMLTableSectionElement,
  attributes: Attributes = {},
): HTMLTableElement {
  const cells = heads.map((name) => h("th", { scope: "col" }, name));
  return h("table", attributes, h("thead", h("tr", ...cells)), body);
}

/** A row of a table, which its first cell names. */
export function rowOf([name = "", ...cells]: readonly string[]): HTMLTableRowElement {
  return h("tr", h("th", { scope: "row" }, name), ...cells.map((cell) => h("td", cell)));
}

/** A choice among named values. */
export function choice(
  testid: string,
  options: readonly (readonly [value: string, label: string])[],
  chosen = "",
): HTMLSelectElement {
  const items = options.map(([value, label]) =>
    h("option", { value, selected: value === chosen }, label),
  );
  return h("select", { "data-testid": testid }, ...items);
}

/** A control under its name. */
export function labelled(name: string, control: HTMLElement, wide = false): HTMLElement {
  return h("label", { class: wide ? "field wide" : "field" }, h("span", name), control);
}

/** Shows a problem in place of what was found in a step, with the way back. */
export function showProblem(
  step: "file" | "reference",
  shown: HTMLElement,
  again: () => void,
): void {
  byId(`${step}-choice`).hidden = true;
  byId(`${step}-found`).hidden = false;
  const back = button(`Choose another ${step}`, { "data-testid": `${step}-change` }, again);
  fill(byId(`${step}-found`), shown, back);
}

/** A bar of progress, and how to say how far something is: 0 to 1. */
export function progressBar(label: string): {
  readonly element: HTMLElement;
  readonly show: (share: number) => void;
} {
  const part = h("div.bar-fill");
  const range = { "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0 };
  const element = h("div.bar", { role: "progressbar", "aria-label": label, ...range }, part);
  const show = (share: number) => {
    element.setAttribute("aria-valuenow", String(Math.floor(share * 100)));
    part.style.transform = `scaleX(${share})`;
  };
  return { element, show };
}

/** A picture with its title, what to see in it, and the same as a table for who cannot. */
export function plotFigure(
  title: string,
  caption: string,
  picture: Element,
  asTable: HTMLDetailsElement,
): HTMLElement {
  const words = h("figcaption", h("h3", title), h("p", caption));
  return h("figure.plot", words, picture, asTable);
}
