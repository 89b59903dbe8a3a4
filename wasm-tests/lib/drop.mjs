// Files dropped on the page, as the browser gives them to it.

import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import { scratch } from "./paths.mjs";

/** Drops files on a part of the page. */
export async function dropFiles(target, ...paths) {
  const files = paths.map((path) => ({
    name: basename(path),
    base64: readFileSync(path).toString("base64"),
  }));
  const transfer = await target.page().evaluateHandle((files) => {
    const transfer = new DataTransfer();
    for (const { name, base64 } of files) {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      transfer.items.add(new File([bytes], name));
    }
    return transfer;
  }, files);
  await drop(target, transfer);
}

/** Drops a file that is removed from the disk before the page can read it. */
export async function dropGoneFile(target) {
  const page = target.page();
  const path = join(scratch("gone"), "gone.vcf");
  writeFileSync(path, "##fileformat=VCFv4.2\n");
  // An input of the test's own takes it: the page's would read it at once.
  const input = await page.evaluateHandle(() =>
    Object.assign(document.createElement("input"), { type: "file" }),
  );
  await input.asElement().setInputFiles(path);
  // The browser looks at it once, as it does where a person chooses it.
  await input.evaluate((input) => input.files[0].size);
  unlinkSync(path);
  const transfer = await page.evaluateHandle((input) => {
    const transfer = new DataTransfer();
    transfer.items.add(input.files[0]);
    return transfer;
  }, input);
  await drop(target, transfer);
}

async function drop(target, transfer) {
  for (const type of ["dragenter", "dragover", "drop"]) {
    await target.dispatchEvent(type, { dataTransfer: transfer });
  }
}
