/** The longest that work holds the page's thread before others may run, in milliseconds. */
const SLICE_MS = 8;

/** Lets the browser handle input and draw, then goes on. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      resolve();
    };
    channel.port2.postMessage(null);
  });
}

/** Cuts long work on the page's thread into slices, so that the page never freezes. */
export class Slices {
  private began = performance.now();

  /** Whether the slice is used up. Cheap, but not free: ask every few hundred items. */
  get due(): boolean {
    return performance.now() - this.began > SLICE_MS;
  }

  /** Waits for the next slice if this one is used up. */
  async breathe(): Promise<void> {
    if (!this.due) return;
    await nextTask();
    this.began = performance.now();
  }
}

/** Calls `work` at most once in `everyMs`, with a last call at the end of a burst. */
export function throttled(everyMs: number, work: () => void): () => void {
  let last = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const run = () => {
    timer = undefined;
    last = performance.now();
    work();
  };
  return () => {
    if (timer !== undefined) return;
    timer = setTimeout(run, Math.max(0, last + everyMs - performance.now()));
  };
}

/** Runs asynchronous jobs one after the other; a job asked for twice while waiting runs once. */
export function serial(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let queued: Promise<void> | undefined;
  return () => {
    queued ??= running.then(() => {
      queued = undefined;
      running = work();
      return running;
    });
    return queued;
  };
}
