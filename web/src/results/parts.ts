const PART_BYTES = 1 << 20;
const encoder = new TextEncoder();

/**
 * A text that grows to any length: finished megabytes become `Blob`s, which browsers may keep on
 * disk, so that the page's memory stays small.
 */
export class Parts {
  private readonly done: Blob[] = [];
  private pending: Uint8Array<ArrayBuffer>[] = [];
  private pendingBytes = 0;
  private bytes = 0;

  constructor(private readonly type: string) {}

  /** Length so far, which is the offset of what is appended next. */
  get sizeBytes(): number {
    return this.bytes;
  }

  /** Appends text; returns its length in bytes. */
  append(text: string): number {
    const encoded = encoder.encode(text);
    this.pending.push(encoded);
    this.pendingBytes += encoded.length;
    this.bytes += encoded.length;
    if (this.pendingBytes >= PART_BYTES) this.settle();
    return encoded.length;
  }

  /** Everything so far, as one file. */
  blob(): Blob {
    this.settle();
    return new Blob(this.done, { type: this.type });
  }

  /** The text of some bytes. */
  read(offset: number, length: number): Promise<string> {
    return this.blob().slice(offset, offset + length).text();
  }

  private settle(): void {
    if (this.pending.length === 0) return;
    this.done.push(new Blob(this.pending));
    this.pending = [];
    this.pendingBytes = 0;
  }
}
