// The public Python package `geno-lewm`, which judges receipts.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { scratch } from "./paths.mjs";

const PACKAGES = ["geno-lewm==0.2.1", "pyarrow==26.0.1"];

let venv;

/** The package's verifier; `GENOLEWM_ORACLE_VENV` names an environment to make or use again. */
function verifier() {
  venv ??= process.env.GENOLEWM_ORACLE_VENV ?? join(scratch("oracle"), "venv");
  const program = join(venv, "bin/geno-lewm-verify");
  if (!existsSync(program)) {
    execFileSync("python3", ["-m", "venv", venv]);
    const quiet = ["install", "--quiet", "--disable-pip-version-check"];
    execFileSync(join(venv, "bin/pip"), [...quiet, ...PACKAGES]);
  }
  return program;
}

/** Whether the package takes one receipt for a manifest. */
export function oracleAccepts(receipt, manifest) {
  const ended = spawnSync(verifier(), [receipt, "--manifest", manifest], { encoding: "utf8" });
  if (ended.error) throw ended.error;
  return { ok: ended.status === 0, status: ended.status, words: ended.stdout + ended.stderr };
}
