const PART_BYTES = 1 << 18;
const encoder = new TextEncoder();

/** What a file is made of. */
export type Content = string | Uint8Array<ArrayBuffer>;

/**
 * A text that grows to any length: what is finished becomes `Blob`s, which browsers may keep on disk,
 * so that the page's memory stays small.
 */
export class Parts {
  private readonly done: Blob[] = [];
  private pending: Content[] = [];
  private pendingBytes = 0;
  private bytes = 0;

  constructor(private readonly type: string) {}

  /** Length so far, which is the offset of what is appended next. */
  get sizeBytes(): number {
    return this.bytes;
  }

  /** Appends text, or bytes as they are; returns their length in bytes. */
  append(content: Content): number {
    const length = typeof content === "string" ? utf8Length(content) : content.length;
    this.pending.push(content);
    this.pendingBytes += length;
    this.bytes += length;
    if (this.pendingBytes >= PART_BYTES) this.settle();
    return length;
  }

  /** Everything so far, as one file. */
  blob(): Blob {
    this.settle();
    return new Blob(this.done, { type: this.type });
  }

  /** The text of some bytes. */
  read(offset: number, length: number): Promise<string> {
    return this.blob()
      .slice(offset, offset + length)
      .text();
  }

  private settle(): void {
    if (this.pending.length === 0) return;
    this.done.push(new Blob(this.pending));
    this.pending = [];
    this.pendingBytes = 0;
  }
}

/** Bytes of a text in a file. Nearly all of it is ASCII, which a regular expression tells fastest. */
function utf8Length(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII is meant
  return /^[\x00-\x7f]*$/.test(text) ? text.length : encoder.encode(text).length;
}
