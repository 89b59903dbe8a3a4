// For Node and Deno: a job from a file, the answer on standard output.

import { readFileSync } from "node:fs";
import process from "node:process";

import { GenoLeWMRuntime } from "@genolewm/runtime";
import builtin from "@genolewm/runtime/models/builtin";

import { work } from "./work.mjs";

const job = JSON.parse(readFileSync(process.argv[2], "utf8"));
process.stdout.write(`${JSON.stringify(await work(GenoLeWMRuntime, builtin, job))}\n`);
