// Stands in for the wasm module where a test is about what happens around it: a "variant" is a
// line with a number, which is also its score; "x" is a line that cannot be scored.

/** Fake engines answer the numbers of a job; hooks make them slow, lost or wrong. */
export function fakeWasm(hooks = {}) {
  const open = new Set();
  const live = (name) => {
    const object = { name };
    open.add(object);
    return () => open.delete(object);
  };

  class Model {
    modelId = "fake";
    filesId = "fake";
    sealed = true;
    windowBp = 12;
    stateWidth = 2;
    stateContract = "l2_normalized_v2";
    views = ["+0"];
    manifest = "{}";
    free = live("Model");
    static load(files, weights) {
      hooks.load?.(files, weights);
      return Object.assign(new Model(), { weights });
    }
    weightFiles() {
      return JSON.stringify([...this.weights].map(([path, size]) => ({ path, size })));
    }
  }

  class Loader {
    free = live("Loader");
    constructor(backend) {
      this.backend = backend;
    }
    static cpu() {
      return new Loader("cpu");
    }
    static async webgpu() {
      return new Loader("webgpu");
    }
    push(piece) {
      hooks.weights?.(piece);
    }
    finish() {
      this.free();
      return new Engine(this.backend);
    }
  }

  class Engine {
    device = "fake";
    free = live("Engine");
    constructor(backend) {
      this.backend = backend;
    }
    async selfCheck() {
      await hooks.check?.();
    }
    async probe() {
      return 4;
    }
    async score(job) {
      await hooks.score?.(this.backend);
      return Float64Array.from(job, (value) => value);
    }
    scoreNow(job) {
      return this.score(job);
    }
    lost() {
      return false;
    }
  }

  class ReferenceFile {
    free = live("ReferenceFile");
    supplied = 0;
    constructor(name, size) {
      this.name = name;
      this.size = size;
    }
    open() {
      return this.supplied === 0 ? { offset: 0, length: this.size } : undefined;
    }
    supply(_offset, bytes) {
      this.supplied += bytes.length;
    }
    needsIndex() {
      return hooks.needsIndex?.() ?? false;
    }
    setIndex() {
      hooks.needsIndex = undefined;
    }
    bases() {
      return { offset: 0, length: 1 };
    }
    contigs() {
      return '[{"name":"chr1","lengthBp":4}]';
    }
    assembly() {
      return undefined;
    }
  }

  class Run {
    free = live("Run");
    constructor(_model, reference, _name, options) {
      hooks.run?.();
      this.reference = reference;
      this.batchSize = JSON.parse(options).batchSize ?? 2;
      this.lines = [];
      this.rows = [];
      this.text = "";
      this.bytes = 0;
      this.ended = false;
      this.readOnce = false;
      this.waiting = new Map();
      this.taken = 0;
      this.backends = {};
    }
    push(chunk) {
      this.bytes += chunk.length;
      this.text += new TextDecoder().decode(chunk);
      const lines = this.text.split("\n");
      this.text = lines.pop();
      this.lines.push(...lines);
    }
    end() {
      this.ended = true;
    }
    next() {
      if (!this.readOnce) {
        this.readOnce = true;
        return { kind: "read", offset: 0, length: 1 };
      }
      if (this.lines.length < this.batchSize && !this.ended) return { kind: "input" };
      if (this.lines.length > 0) return this.job();
      return this.waiting.size > 0 ? { kind: "wait" } : { kind: "done" };
    }
    job() {
      const lines = this.lines.splice(0, this.batchSize);
      const batch = lines.map((line) => {
        const row = { index: this.rows.length, status: line === "x" ? "skipped" : undefined };
        this.rows.push(row);
        return { row, value: Number(line) };
      });
      const scored = batch.filter(({ row }) => row.status === undefined);
      const ticket = this.rows.length;
      this.waiting.set(ticket, scored);
      const bytes = Uint8Array.from(scored, ({ value }) => value);
      return { kind: "job", ticket, bytes };
    }
    complete(ticket, results, backend) {
      const scored = this.waiting.get(ticket);
      this.waiting.delete(ticket);
      this.backends[backend] = (this.backends[backend] ?? 0) + scored.length;
      scored.forEach(({ row }, place) => {
        Object.assign(row, { status: "scored", sigmaRaw: results[place], backend });
      });
    }
    takeRows() {
      const end = this.rows.findIndex((row, place) => place >= this.taken && !row.status);
      const ready = this.rows.slice(this.taken, end < 0 ? undefined : end);
      this.taken += ready.length;
      return ready.length > 0 ? JSON.stringify(ready) : undefined;
    }
    count(status) {
      return this.rows.slice(0, this.taken).filter((row) => row.status === status).length;
    }
    vcfHeader() {
      if (this.bytes === 0) return undefined;
      const text = "##fileformat=VCFv4.2\n";
      return { text, bytes: new TextEncoder().encode(text) };
    }
    counts() {
      const [scored, skipped] = [this.count("scored"), this.count("skipped")];
      return JSON.stringify({ scored, skipped, inputBytesDone: this.taken * 2 });
    }
    summary() {
      const [scored, skipped] = [this.count("scored"), this.count("skipped")];
      const counts = { records: scored + skipped, alleles: scored + skipped, scored, skipped };
      return JSON.stringify({
        ...counts,
        backends: this.backends,
        modelId: "fake",
        inputBytesDone: 0,
      });
    }
    warnings() {
      return hooks.warnings ?? "[]";
    }
  }

  class Pushed {
    free = live("Pushed");
    constructor() {
      if (hooks.free) this.free = hooks.free;
    }
    push(chunk) {
      hooks.push?.(chunk);
    }
    finish() {
      return hooks.finish?.() ?? "{}";
    }
  }

  class IndexBuilder extends Pushed {
    finish() {
      this.free();
      return { fai: new Uint8Array(), warnings: hooks.oddities ?? [] };
    }
  }

  class Single {
    free = live("Single");
    withReference() {
      return { offset: 0, length: 1 };
    }
  }

  const readers = { Inspector: Pushed, Importer: Pushed, IndexBuilder, Single };
  return { wasm: { Model, Loader, Engine, ReferenceFile, Run, ...readers }, open };
}
