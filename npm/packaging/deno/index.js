import { pathToFileURL } from "node:url";

import { score } from "./score.js";

const [vcf, reference] = Deno.args.map((path) => pathToFileURL(path));
console.log(JSON.stringify(await score(vcf, reference)));
