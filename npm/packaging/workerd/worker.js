import { score } from "./score.js";

export default {
  async fetch(request) {
    const query = new URL(request.url).searchParams;
    const [vcf, reference] = [query.get("vcf"), query.get("reference")].map((url) => new URL(url));
    return Response.json(await score(vcf, reference));
  },
};
