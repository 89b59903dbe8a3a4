/** What the page ships, so that it can be tried with no files. */

/** The example's two layouts. */
export type ExampleName = "vcf" | "array";

const VARIANTS: Readonly<Record<ExampleName, readonly [path: string, name: string]>> = {
  vcf: ["example/brca1.vcf.bgz", "brca1.vcf.gz"],
  array: ["example/brca1.23andme.txt", "brca1.23andme.txt"],
};

/** The example's variants. */
export function exampleVariants(name: ExampleName): Promise<File> {
  return shipped(...VARIANTS[name]);
}

/** The shipped reference, chromosome 17 of GRCh37, known around BRCA1 and N elsewhere. */
export async function exampleReference(): Promise<Record<"file" | "fai" | "gzi", File>> {
  const [file, fai, gzi] = await Promise.all([
    shipped("example/brca1.hg19.fa.bgz", "brca1.hg19.fa.gz"),
    shipped("example/brca1.hg19.fa.bgz.fai", "brca1.hg19.fa.gz.fai"),
    shipped("example/brca1.hg19.fa.bgz.gzi", "brca1.hg19.fa.gz.gzi"),
  ]);
  return { file, fai, gzi };
}

/** The same with its genes, which scoring names beside a score. */
export async function annotatedExampleReference(): Promise<
  Record<"file" | "fai" | "gzi" | "annotation", File>
> {
  const [reference, annotation] = await Promise.all([
    exampleReference(),
    shipped("example/brca1.gencode19.gff3.bgz", "brca1.gencode19.gff3.gz"),
  ]);
  return { ...reference, annotation };
}

async function shipped(path: string, name: string): Promise<File> {
  const response = await fetch(new URL(path, document.baseURI));
  if (!response.ok) throw new Error(`the example could not be loaded (HTTP ${response.status})`);
  return new File([await response.blob()], name);
}
