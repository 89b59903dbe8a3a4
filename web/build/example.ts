import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

/**
 * The project's example, which the page ships. `.bgz` is bgzip's own ending: some servers label
 * `.gz` as an encoding, and browsers would then hand out the unpacked bytes.
 */
const FILES = {
  "brca1.vcf.gz": "brca1.vcf.bgz",
  "brca1.23andme.txt": "brca1.23andme.txt",
  "brca1.hg19.fa.gz": "brca1.hg19.fa.bgz",
  "brca1.hg19.fa.gz.fai": "brca1.hg19.fa.bgz.fai",
  "brca1.hg19.fa.gz.gzi": "brca1.hg19.fa.bgz.gzi",
  "brca1.gencode19.gff3.gz": "brca1.gencode19.gff3.bgz",
};

/** Copies the example into `example/` of the build. */
export function exampleFiles(): Plugin {
  return {
    name: "genolewm:example",
    apply: "build",
    generateBundle() {
      for (const [from, to] of Object.entries(FILES)) {
        const source = readFileSync(new URL(`../../examples/${from}`, import.meta.url));
        this.emitFile({ type: "asset", fileName: `example/${to}`, source });
      }
    },
  };
}
