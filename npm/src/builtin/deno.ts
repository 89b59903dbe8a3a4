/** The built-in model in Deno, which fetches files as a page does. */

export { default } from "./browser.js";
