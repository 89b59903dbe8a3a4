import assert from "node:assert/strict";
import { test } from "node:test";
import { membersOf } from "../src/errors.ts";

test("an archive with several files asks which one is meant", () => {
  const error = Object.assign(new Error("several"), { details: { members: "a.txt\nb.txt" } });
  assert.deepEqual(membersOf(error), ["a.txt", "b.txt"]);
  assert.deepEqual(membersOf(new Error("other")), []);
  assert.deepEqual(membersOf(undefined), []);
});
