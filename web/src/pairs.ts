/** The browser's record and the service worker's word come within this time of each other. */
const TOGETHER_MS = 5000;

/**
 * Requests of the page that the service worker passed on. Two witnesses tell of each: the worker,
 * which knows that it went over the network, and the browser's record, which only knows that the
 * worker answered. Either may come first; the worker's word is listed, and the record is not.
 */
export class Pairs<Row> {
  /** The worker's words whose record has not come, by address. */
  private readonly words = new Map<string, number>();
  /** Records whose word has not come, if one will. */
  private readonly records = new Map<string, { readonly row: Row; readonly at: number }[]>();

  /** The worker passed a request on: the row that was listed for it too early, if there is one. */
  told(url: string, now: number): Row | undefined {
    const key = withoutHash(url);
    const found = this.recent(key, now).pop();
    if (found === undefined) this.words.set(key, (this.words.get(key) ?? 0) + 1);
    return found?.row;
  }

  /** The browser recorded that the worker answered: whether `row` is to be listed for that. */
  recorded(url: string, row: Row, now: number): boolean {
    const key = withoutHash(url);
    const words = this.words.get(key) ?? 0;
    if (words > 0) {
      this.words.set(key, words - 1);
      return false;
    }
    this.records.set(key, [...this.recent(key, now), { row, at: now }]);
    return true;
  }

  /** Records that a word may still be for: older ones were copies. */
  private recent(key: string, now: number): { readonly row: Row; readonly at: number }[] {
    const recent = (this.records.get(key) ?? []).filter(({ at }) => now - at < TOGETHER_MS);
    this.records.set(key, recent);
    return recent;
  }
}

function withoutHash(url: string): string {
  return url.replace(/#.*$/, "");
}
