export default {
  mode: "production",
  entry: "./main.js",
  experiments: { outputModule: true },
  output: { module: true, clean: true, filename: "main.js" },
  performance: { hints: false },
  stats: { preset: "none", errors: true, warnings: true },
};
