import { pathToFileURL } from "node:url";

import { score } from "./score.js";

const [vcf, reference] = process.argv.slice(2).map((path) => pathToFileURL(path));
console.log(JSON.stringify(await score(vcf, reference)));
