type Numbers = Float64Array | Uint32Array | Uint8Array;

/** A growing column of numbers in as many bytes as they need, whatever the number of rows. */
export class Column<T extends Numbers> {
  private values: T;
  private used = 0;

  constructor(private readonly make: (length: number) => T) {
    this.values = make(1024);
  }

  /** Appends a value. */
  push(value: number): void {
    if (this.used === this.values.length) {
      const grown = this.make(this.used * 2);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.used] = value;
    this.used += 1;
  }

  /** The value of a row that is there. */
  at(row: number): number {
    return this.values[row] as number;
  }
}

/** A column of floats. */
export const floats = () => new Column((length) => new Float64Array(length));
/** A column of whole numbers up to 4,294,967,295. */
export const wholes = () => new Column((length) => new Uint32Array(length));
/** A column of flags. */
export const flags = () => new Column((length) => new Uint8Array(length));

/** Texts of which there are few kinds, held once each. */
export class Words {
  private readonly numbers = new Map<string, number>();
  private readonly texts: string[] = [];
  private ranks: Uint32Array | undefined;

  /** The number of a text, new or known. */
  number(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    const number = this.texts.length;
    this.numbers.set(text, number);
    this.texts.push(text);
    this.ranks = undefined;
    return number;
  }

  /** The text of a number that {@link number} gave. */
  text(number: number): string {
    return this.texts[number] as string;
  }

  /** The number of a text that is there. */
  find(text: string): number | undefined {
    return this.numbers.get(text);
  }

  /** All texts, in the order in which they came. */
  all(): readonly string[] {
    return this.texts;
  }

  /** Where a text stands in alphabetical order, as people order names with numbers in them. */
  rank(number: number): number {
    this.ranks ??= this.ranked();
    return this.ranks[number] as number;
  }

  private ranked(): Uint32Array {
    const compare = new Intl.Collator("en", { numeric: true }).compare;
    const order = this.texts.map((_, number) => number);
    order.sort((a, b) => compare(this.text(a), this.text(b)));
    const ranks = new Uint32Array(order.length);
    order.forEach((number, rank) => (ranks[number] = rank));
    return ranks;
  }
}
