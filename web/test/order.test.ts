import assert from "node:assert/strict";
import { test } from "node:test";
import { Order } from "../src/results/order.ts";

const COUNT = 20_000;

/** Numbers that look random and are the same each time. */
function numbers(count: number): number[] {
  let state = 7;
  return Array.from({ length: count }, () => (state = (state * 48271) % 2147483647) % 1000);
}

/** What the table would show if it took the time to do it simply. */
function simply(values: readonly number[], accepts: (row: number) => boolean): number[] {
  const rows = values.map((_, row) => row).filter(accepts);
  return rows.sort((a, b) => (values[a] as number) - (values[b] as number) || a - b);
}

const shown = (order: Order) =>
  Array.from({ length: order.count }, (_, position) => order.row(position));

test("rows are filtered and sorted, equal ones in the file's order", async () => {
  const values = numbers(COUNT);
  const order = new Order(() => COUNT);
  const accepts = (row: number) => row % 3 !== 0;
  await order.arrange({ accepts, key: (row) => values[row] as number });
  assert.deepEqual(shown(order), simply(values, accepts));
  assert.equal(order.positionOf(order.row(17)), 17);
  assert.equal(order.positionOf(3), -1);
});

test("rows that come later are sorted in", async () => {
  const values = numbers(COUNT);
  let count = 0;
  const order = new Order(() => count);
  const accepts = (row: number) => (values[row] as number) > 100;
  await order.arrange({ accepts, key: (row) => values[row] as number });
  for (count = 1; count < COUNT; count += 1777) await order.absorb();
  count = COUNT;
  await order.absorb();
  assert.deepEqual(shown(order), simply(values, accepts));
});

test("without a key the file's order stays", async () => {
  const order = new Order(() => 5000);
  await order.arrange({ accepts: (row) => row % 2 === 0 });
  assert.deepEqual(
    shown(order),
    Array.from({ length: 2500 }, (_, i) => i * 2),
  );
});

test("what was stopped leaves the old rows", async () => {
  const order = new Order(() => COUNT);
  await order.arrange({ accepts: (row) => row < 10 });
  const late = order.arrange({ accepts: () => true });
  order.stop();
  await late;
  assert.equal(order.count, 10);
});
