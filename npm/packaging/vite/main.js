import { score } from "./score.js";

const query = new URLSearchParams(location.search);
const [vcf, reference] = ["vcf", "reference"].map((name) => new URL(query.get(name), location));
console.log(JSON.stringify(await score(vcf, reference)));
