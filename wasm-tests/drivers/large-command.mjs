// For Node: opens a large reference and scores variants all over it; answers with the rows and
// what it took. `node large-command.mjs job.json`

import { File } from "node:buffer";
import { readFileSync } from "node:fs";
import process from "node:process";

import { GenoLeWMRuntime } from "@genolewm/runtime";
import builtin from "@genolewm/runtime/models/builtin";

import { largeFile, largeReference } from "./large.mjs";

const { contigs, vcf, indexed } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { source, fai, read } = indexed ? largeReference(contigs) : {};
const runtime = await GenoLeWMRuntime.load(builtin, { backend: "cpu", threads: 1 });
const input = indexed ? { file: source, fai } : { file: largeFile(contigs) };
const reference = await runtime.openReference(input);
const rows = [];
const file = new File([vcf], "sites.vcf");
for await (const row of runtime.scoreVcf(file, { reference })) rows.push(row);
const open = reference.contigs;
await reference.close();
await runtime.dispose();
const { maxRSS } = process.resourceUsage();
console.log(
  JSON.stringify({ rows, contigs: open, read: read ?? null, size: input.file.size, maxRSS }),
);
