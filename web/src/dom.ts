/** What can stand inside an element. Text is always set as text: nothing here parses markup. */
export type Child = Node | string | null | undefined | false;

/** Attributes by name. `true` sets an empty one, `false` and undefined leave it out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** A tag, with the classes of the element behind it: `p`, `p.fine`, `button.button.slim`. */
type Tagged<Tag extends string> = Tag | `${Tag}.${string}`;

/** What stands behind a tag: attributes, which may be left out, and children. */
type Content = readonly [Attributes, ...Child[]] | readonly Child[];

/** Makes an HTML element. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tagged: Tagged<K>,
  ...content: Content
): HTMLElementTagNameMap[K] {
  return made(tagged, content, (tag) => document.createElement(tag as K));
}

/** Makes an SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tagged: Tagged<K>,
  ...content: Content
): SVGElementTagNameMap[K] {
  const namespace = "http://www.w3.org/2000/svg";
  return made(tagged, content, (tag) => document.createElementNS(namespace, tag as K));
}

function made<E extends Element>(tagged: string, content: Content, make: (tag: string) => E): E {
  const [tag = "", ...classes] = tagged.split(".");
  const [first, ...others] = content;
  const [attributes, children] = isAttributes(first) ? [first, others] : [{}, content];
  const element = make(tag);
  if (classes.length > 0) element.setAttribute("class", classes.join(" "));
  setAttributes(element, attributes);
  fill(element, ...(children as Child[]));
  return element;
}

function isAttributes(first: Attributes | Child): first is Attributes {
  return typeof first === "object" && first !== null && !(first instanceof Node);
}

/** Replaces everything inside an element. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(
    ...(children.filter((child) => child instanceof Node || !!child) as (Node | string)[]),
  );
}

/** Sets attributes; see {@link Attributes}. */
export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** The element with an id. The page's own HTML has it, so that its absence is a mistake of ours. */
export function byId<T extends Element = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element as Element as T;
}

/** Sets text only where it differs: screen readers and layout notice every change. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A push button. */
export function button(
  label: string,
  attributes: Attributes,
  onClick: () => void,
): HTMLButtonElement {
  const element = h("button", { type: "button", class: "button", ...attributes }, label);
  element.addEventListener("click", onClick);
  return element;
}

/** Rows of a description list. */
export function facts(
  rows: readonly (readonly [term: string, ...description: Child[]] | false)[],
): HTMLDListElement {
  const groups = rows
    .filter((row) => row !== false)
    .map(([term, ...description]) => h("div", h("dt", term), h("dd", ...description)));
  return h("dl.facts", ...groups);
}
