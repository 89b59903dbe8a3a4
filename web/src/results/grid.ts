import { h, setAttributes } from "../dom.ts";

/** One column of a grid. */
export interface GridColumn {
  /** Also the class of its cells, which the style sheet places. */
  readonly key: string;
  readonly label: string;
  readonly sortable?: boolean;
}

/** What a grid shows. Positions count from 0 in the order shown. */
export interface GridSource {
  readonly columns: readonly GridColumn[];
  /** What stands in the place of rows when there are none. */
  readonly nothing: string;
  count(): number;
  /** Fills the cells of a row, in the columns' order. */
  render(position: number, cells: readonly HTMLElement[]): void;
  /** Called on Enter or a click. */
  activate?(position: number): void;
  /** Called on a click on a column's head. */
  sort?(key: string): void;
}

/** Browsers cannot draw boxes of any height; beyond this, scrolling skips rows. */
const MAX_HEIGHT_PX = 8_000_000;
const SPARE_ROWS = 6;

/**
 * A table of any length, of which only the rows in view exist: an ARIA grid whose active row is
 * told by `aria-activedescendant`, so that focus never falls off a row that scrolls away.
 */
export class Grid {
  /** The grid, which is also what scrolls: its head stays in view. */
  readonly element: HTMLElement;
  private readonly head: HTMLElement;
  private readonly sizer: HTMLElement;
  private readonly heads = new Map<string, HTMLElement>();
  private readonly pool: HTMLElement[] = [];
  private readonly nothing: HTMLElement;
  private active = 0;
  private drawing = 0;

  constructor(
    private readonly id: string,
    label: string,
    private readonly source: GridSource,
  ) {
    const headRow = h("div.grid-row", { role: "row", "aria-rowindex": 1 }, ...this.makeHeads());
    this.head = h("div.grid-head", { role: "rowgroup" }, headRow);
    this.sizer = h("div.grid-sizer", { role: "rowgroup" });
    this.nothing = h("p.grid-nothing", source.nothing);
    this.element = h(
      "div",
      {
        class: `grid grid-${id}`,
        role: "grid",
        tabindex: 0,
        "aria-label": label,
        "aria-colcount": source.columns.length,
        "data-testid": `grid-${id}`,
      },
      this.head,
      this.sizer,
      this.nothing,
    );
    this.element.addEventListener("scroll", () => this.schedule(), { passive: true });
    this.element.addEventListener("keydown", (event) => this.onKey(event));
    this.element.addEventListener("focus", () => this.schedule());
    this.sizer.addEventListener("click", (event) => this.onClick(event));
    new ResizeObserver(() => this.schedule()).observe(this.element);
  }

  /** Draws again, after the rows changed. */
  refresh(): void {
    this.schedule();
  }

  /** Says by which column rows are ordered. */
  showSort(key: string | undefined, descending: boolean): void {
    for (const [name, head] of this.heads) {
      const order = name === key ? (descending ? "descending" : "ascending") : "none";
      head.setAttribute("aria-sort", order);
    }
  }

  /** Makes a row the active one and scrolls to it. */
  select(position: number): void {
    this.active = Math.max(0, Math.min(position, this.source.count() - 1));
    this.reveal();
    this.draw();
  }

  /** Back to the first row. */
  toTop(): void {
    this.active = 0;
    this.element.scrollTop = 0;
    this.schedule();
  }

  private makeHeads(): HTMLElement[] {
    return this.source.columns.map(({ key, label, sortable }) => {
      const head = h("div", { class: `cell ${key}`, role: "columnheader" });
      if (sortable === true) {
        const sort = h("button", { type: "button", "data-testid": `sort-${key}` }, label);
        sort.addEventListener("click", () => this.source.sort?.(key));
        head.append(sort);
        this.heads.set(key, head);
      } else head.append(label);
      return head;
    });
  }

  private schedule(): void {
    if (this.drawing === 0) {
      this.drawing = requestAnimationFrame(() => {
        this.drawing = 0;
        this.draw();
      });
    }
  }

  /** The style sheet decides how high a row is, since it depends on the width. */
  private get rowHeight(): number {
    const height = parseFloat(getComputedStyle(this.element).getPropertyValue("--row-height"));
    return height > 0 ? height : 44;
  }

  private draw(): void {
    const [count, rowHeight] = [this.source.count(), this.rowHeight];
    const height = Math.min(count * rowHeight, MAX_HEIGHT_PX);
    this.sizer.style.height = `${height}px`;
    this.nothing.hidden = count > 0;
    const view = this.viewHeight;
    if (view <= 0 && count > 0) return;
    this.active = Math.max(0, Math.min(this.active, count - 1));
    const first = Math.floor(this.firstInView(view, height, count, rowHeight));
    const from = Math.max(0, first - SPARE_ROWS);
    const to = Math.min(count, first + Math.ceil(view / rowHeight) + SPARE_ROWS);
    // Where rows are skipped, they are placed as seen from the top of the view.
    const top =
      this.element.scrollTop - this.firstInView(view, height, count, rowHeight) * rowHeight;
    this.drawRows(from, to, (position) => top + position * rowHeight);
    setAttributes(this.element, {
      "aria-rowcount": count + 1,
      "aria-activedescendant":
        this.active >= from && this.active < to ? this.rowId(this.active) : undefined,
    });
  }

  /** The position at the upper edge of the view, as a fraction. */
  private firstInView(view: number, height: number, count: number, rowHeight: number): number {
    if (height <= view) return 0;
    return (this.element.scrollTop / (height - view)) * (count - view / rowHeight);
  }

  /** The height in which rows are seen: what the head leaves. */
  private get viewHeight(): number {
    return this.element.clientHeight - this.head.offsetHeight;
  }

  private drawRows(from: number, to: number, top: (position: number) => number): void {
    while (this.pool.length < to - from) this.addRow();
    const size = this.pool.length;
    for (let slot = 0; slot < size; slot += 1) {
      // A position keeps its element while it is in view.
      const position = size === 0 ? 0 : from + ((((slot - from) % size) + size) % size);
      this.drawRow(this.pool[slot] as HTMLElement, position, position < to, top);
    }
  }

  private drawRow(
    row: HTMLElement,
    position: number,
    shown: boolean,
    top: (position: number) => number,
  ): void {
    row.hidden = !shown;
    if (!shown) {
      row.removeAttribute("id");
      return;
    }
    row.style.transform = `translateY(${Math.round(top(position))}px)`;
    setAttributes(row, {
      id: this.rowId(position),
      "aria-rowindex": position + 2,
      "data-position": position,
    });
    row.classList.toggle("active", position === this.active);
    this.source.render(position, [...row.children] as HTMLElement[]);
  }

  private addRow(): void {
    const cells = this.source.columns.map(({ key }) =>
      h("div", { class: `cell ${key}`, role: "gridcell" }),
    );
    const row = h(
      "div.grid-row.body-row",
      { role: "row", "data-testid": `row-${this.id}` },
      ...cells,
    );
    this.pool.push(row);
    this.sizer.append(row);
  }

  private rowId(position: number): string {
    return `${this.id}-row-${position}`;
  }

  private onClick(event: Event): void {
    const row = (event.target as Element).closest<HTMLElement>("[data-position]");
    if (row === null) return;
    this.active = Number(row.dataset.position);
    this.draw();
    this.source.activate?.(this.active);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.target !== this.element || event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.viewHeight / this.rowHeight) - 1);
    const moves: Record<string, number> = {
      ArrowDown: this.active + 1,
      ArrowUp: this.active - 1,
      PageDown: this.active + page,
      PageUp: this.active - page,
      Home: 0,
      End: this.source.count() - 1,
    };
    const to = moves[event.key];
    if (to !== undefined) this.select(to);
    else if (event.key === "Enter" || event.key === " ") this.source.activate?.(this.active);
    else return;
    event.preventDefault();
  }

  /** Scrolls just so far that the active row is in view. */
  private reveal(): void {
    const view = this.viewHeight;
    const [count, rowHeight] = [this.source.count(), this.rowHeight];
    const height = Math.min(count * rowHeight, MAX_HEIGHT_PX);
    const first = this.firstInView(view, height, count, rowHeight);
    const inView = view / rowHeight;
    const wanted =
      this.active < first
        ? this.active
        : this.active + 1 > first + inView
          ? this.active + 1 - inView
          : first;
    if (wanted !== first && count > inView) {
      this.element.scrollTop = (wanted / (count - inView)) * (height - view);
    }
  }
}
