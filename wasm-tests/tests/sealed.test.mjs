// A server that sends no headers and is not localhost: a policy in the page's head did not reach the
// workers, which could ask anybody. No service worker helps there.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { networkInterfaces } from "node:os";
import { before, describe, test } from "node:test";

import { inRoot } from "../lib/paths.mjs";
import { run } from "../lib/runtimes.mjs";

/** Addresses for documentation, given to a network of the test's own. */
const [HOST, OTHER] = ["198.51.100.7", "198.51.100.8"];

/** A network in which nobody else is, where this machine lets one be made. */
function ownNetwork() {
  const flags = process.getuid() === 0 ? ["--net"] : ["--map-root-user", "--net"];
  const addresses = [HOST, OTHER].map((host) => `ip addr add ${host}/32 dev lo`).join(" && ");
  const shell = ["sh", "-c", `ip link set lo up && ${addresses} && exec "$0" "$@"`];
  try {
    execFileSync("unshare", [...flags, ...shell, "true"], { stdio: "pipe" });
    return { command: ["unshare", ...flags, ...shell], hosts: [HOST, OTHER] };
  } catch {
    // Another address of this machine is no localhost either.
    const all = Object.values(networkInterfaces()).flat();
    const own = all.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
    assert.ok(own, "there is no network of its own, and no address but localhost");
    return { command: [], hosts: [own, own] };
  }
}

describe("a header-less server elsewhere", { timeout: 300_000 }, () => {
  let found;
  before(async () => {
    const { command, hosts } = ownNetwork();
    const script = inRoot("wasm-tests/lib/planted.mjs");
    const [program, ...args] = [...command, process.execPath, script, ...hosts];
    const { status, stdout, stderr } = await run(program, args);
    assert.equal(status, 0, stderr + stdout);
    found = JSON.parse(stdout);
  });

  for (const name of ["chromium", "firefox"]) {
    test(`${name}: what was planted in a worker got out`, () => {
      const { secure, workers, told, escaped, control } = found[name];
      assert.equal(secure, false, "this is not what the test is about");
      assert.equal(told.length, workers, "a worker did not run what was planted");
      for (const ways of told) {
        assert.deepEqual(new Set(Object.values(ways)), new Set(["kept"]), JSON.stringify(ways));
      }
      assert.deepEqual(escaped, []);
      // What is planted does get out of a worker that is started by its address.
      assert.equal(control.told[0].fetch, "out");
      assert.ok(control.caught.includes("GET /fetch"), String(control.caught));
    });

    test(`${name}: without its policy the page takes no file`, () => {
      assert.equal(found[name].without, "refused");
    });
  }
});
