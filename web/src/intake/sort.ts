/** Files that came together, by what they are. */
export interface Sorted {
  readonly variants: File | undefined;
  readonly reference: File | undefined;
  readonly fai: File | undefined;
  readonly gzi: File | undefined;
  /** Transcripts, by which genes and consequences are told. */
  readonly annotation: File | undefined;
}

const ANNOTATION = /\.(gff3?|gtf)(\.b?gz)?$/i;
const INDEX = /\.(fai|gzi)$/i;

const SNIFF_BYTES = 1 << 16;
const UNREADABLE =
  "It cannot be read. A folder cannot be opened, and neither can a file that was moved or removed: choose the file again.";

/**
 * Tells apart what was dropped: a reference by its content, its indexes and annotation by their names
 * (a `.fai` is a table like many), and the file of variants is what is left. Rejects where one cannot be read, as
 * a folder, which browsers hand over like a file.
 */
export async function sortFiles(files: readonly File[]): Promise<Sorted> {
  const named = (ending: string) => files.find((file) => file.name.toLowerCase().endsWith(ending));
  const [fai, gzi] = [named(".fai"), named(".gzi")];
  const annotation = files.find(({ name }) => ANNOTATION.test(name));
  const rest = files.filter(({ name }) => !(ANNOTATION.test(name) || INDEX.test(name)));
  const references = await Promise.all(rest.map(isReference)).catch((cause: unknown) => {
    throw new Error(UNREADABLE, { cause });
  });
  return {
    variants: rest.find((_, i) => references[i] === false),
    reference: rest.find((_, i) => references[i] === true),
    fai,
    gzi,
    annotation,
  };
}

/** Whether a file begins like FASTA, plain or compressed, or like .2bit. */
async function isReference(file: Blob): Promise<boolean> {
  const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  const signature =
    new DataView(start.buffer).byteLength === 4 ? new DataView(start.buffer).getUint32(0) : 0;
  if (signature === 0x1a412743 || signature === 0x4327411a) return true;
  return (await firstByte(file)) === 0x3e; // ">"
}

async function firstByte(file: Blob): Promise<number | undefined> {
  const head = file.slice(0, SNIFF_BYTES);
  const magic = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  if (magic[0] !== 0x1f || magic[1] !== 0x8b) return magic[0];
  const reader = head.stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  try {
    return (await reader.read()).value?.[0];
  } catch {
    // Damaged from the start: the runtime says so better.
    return undefined;
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
