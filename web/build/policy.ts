import { readFileSync } from "node:fs";
import type { Plugin } from "vite";
import { headersFor, parseHeaders } from "../headers.mjs";

/** The headers of every page, as `public/_headers` has them. */
export function pageHeaders(): Record<string, string> {
  const text = readFileSync(new URL("../public/_headers", import.meta.url), "utf8");
  return headersFor(parseHeaders(text), "/");
}

/**
 * Writes the Content-Security-Policy of `_headers` into the page as well, where it holds on servers
 * that send no headers. `frame-ancestors` works as a header only.
 */
export function policy(): Plugin {
  return {
    name: "genolewm:policy",
    transformIndexHtml: {
      // Before Vite adds its own tags: the policy must precede whatever it governs.
      order: "pre",
      handler(html) {
        const whole = pageHeaders()["Content-Security-Policy"];
        if (whole === undefined) throw new Error("_headers has no Content-Security-Policy");
        const content = whole.replace(/;\s*frame-ancestors [^;]*/, "");
        if (!html.includes("%POLICY%")) throw new Error("index.html has no place for the policy");
        return html.replace("%POLICY%", content);
      },
    },
  };
}
