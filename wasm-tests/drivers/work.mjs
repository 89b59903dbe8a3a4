// The same work in every runtime: loads a model, does what a job says, and answers in JSON. Plain
// web APIs only.

/** What a job's files look like in JSON. */
export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/**
 * Does a job: `{model, load, reference, vcf, score, encode, predict, array, receipts}`, of which
 * all but `model` may be missing. Files are `{name, base64}`.
 */
export async function work(GenoLeWMRuntime, builtin, job) {
  const notices = [];
  const steps = [];
  const runtime = await GenoLeWMRuntime.load(job.model ? modelOf(job.model) : builtin, {
    ...job.load,
    onNotice: (notice) => notices.push(notice.message),
    onProgress: (progress) => steps.push(progress),
  });
  const answer = { modelId: runtime.model.modelId, backend: runtime.backend };
  Object.assign(answer, { device: runtime.device, probes: runtime.probes, notices, load: steps });
  try {
    const reference = job.reference ? await runtime.openReference(filesOf(job.reference)) : null;
    if (job.vcf) answer.scores = await score(runtime, reference, job, notices);
    if (job.encode) answer.state = [...(await runtime.encodeWindow(...job.encode))];
    if (job.predict) {
      const state = await runtime.encodeWindow(...job.predict.window);
      answer.predicted = [...(await runtime.predict(state, job.predict.edits))];
    }
    if (job.variant) {
      answer.variant = await runtime.scoreVariant(job.variant, {
        reference,
        receipt: true,
        ...(job.annotation ? { annotation: fileOf(job.annotation) } : {}),
      });
    }
    if (job.array) {
      answer.imported = await runtime.importRaw(fileOf(job.array), { reference });
    }
    if (answer.scores?.receipts.length > 0) {
      const text = `${answer.scores.receipts.join("\n")}\n`;
      answer.verdict = await runtime.verifyReceipt(new TextEncoder().encode(text));
    }
    await reference?.close();
  } finally {
    await runtime.dispose();
  }
  return answer;
}

async function score(runtime, reference, job) {
  const progress = [];
  const notices = [];
  const stream = runtime.scoreVcf(fileOf(job.vcf), {
    reference,
    ...job.score,
    ...(job.annotation ? { annotation: fileOf(job.annotation) } : {}),
    onProgress: (step) => progress.push(step),
    onNotice: (notice) => notices.push(notice.message),
  });
  const rows = [];
  for await (const row of stream) rows.push(row);
  const receipts = rows.filter((row) => row.receipt).map((row) => row.receipt);
  const summary = await stream.summary;
  const header = job.score?.annotate ? await stream.vcfHeader : null;
  const headerBytes = header === null ? null : [...(await stream.vcfHeaderBytes)];
  return { rows, receipts, summary, header, headerBytes, progress, notices };
}

function modelOf(files) {
  return new Map(files.map(({ name, base64 }) => [name, bytesOf(base64)]));
}

function filesOf(reference) {
  return Object.fromEntries(Object.entries(reference).map(([key, file]) => [key, fileOf(file)]));
}

/** A `File` where there is that class, as in a page; a source of ranges else. */
function fileOf({ name, base64 }) {
  const bytes = bytesOf(base64);
  if (typeof File === "function") return new File([bytes], name);
  const read = async (offset, length) => bytes.slice(offset, offset + length);
  return { name, size: bytes.length, read };
}
