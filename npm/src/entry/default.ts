/** The runtime where nothing is known of the place but that it follows the web. */

export * from "./browser.js";
