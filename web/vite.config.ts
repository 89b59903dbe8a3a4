import { defineConfig } from "vite";
import { exampleFiles } from "./build/example.ts";
import { offline } from "./build/offline.ts";
import { policy } from "./build/policy.ts";

export default defineConfig({
  // Relative addresses, so that the build can lie in any folder of any file server.
  base: "./",
  plugins: [policy(), exampleFiles(), offline()],
  worker: { format: "es" },
  build: {
    target: "es2022",
    // Nothing as a data: URL, which the policy would block.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { main: "index.html", sw: "src/sw.ts" },
      output: {
        // The service worker's name must stay, or a browser that has an old one never finds the new.
        entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
});
