/**
 * Reads `_headers`, the one place where this page's HTTP headers are written down: static hosts know
 * the format, the server of `npm start` sends them, the build checks the page's own policy against
 * them, and the service worker puts them on what it serves.
 *
 * @typedef {{ pattern: string, headers: [string, string][] }} Rule
 */

/**
 * The rules of a `_headers` file, in its order.
 *
 * @param {string} text
 * @returns {Rule[]}
 */
export function parseHeaders(text) {
  /** @type {Rule[]} */
  const rules = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    if (!/^\s/.test(line)) {
      rules.push({ pattern: line.trim(), headers: [] });
      continue;
    }
    const colon = line.indexOf(":");
    const rule = rules.at(-1);
    if (colon < 0 || rule === undefined) throw new Error(`_headers: cannot read ${line}`);
    rule.headers.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
  }
  return rules;
}

/**
 * The headers for a path such as `/assets/main.js`.
 *
 * @param {Rule[]} rules
 * @param {string} path
 * @returns {Record<string, string>}
 */
export function headersFor(rules, path) {
  const fits = (/** @type {string} */ pattern) =>
    pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
  return Object.fromEntries(
    rules.filter((rule) => fits(rule.pattern)).flatMap((rule) => rule.headers),
  );
}
