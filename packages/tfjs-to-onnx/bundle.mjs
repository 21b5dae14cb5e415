// Bundles the converter with the parts of @mien/format that it uses, so that the packed package
// needs no other package.
import { rmSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";

const at = (name) => path.join(import.meta.dirname, name);
rmSync(at("dist/alone"), { recursive: true, force: true });
const settings = {
  outdir: at("dist/alone"),
  bundle: true,
  format: "esm",
  conditions: ["source"],
  sourcemap: true,
  logLevel: "warning",
};
await build({
  ...settings,
  entryPoints: { index: at("src/index.ts"), bin: at("src/bin.ts") },
  splitting: true,
  platform: "node",
  target: "node20.19",
});
await build({
  ...settings,
  entryPoints: { browser: at("src/browser.ts") },
  platform: "browser",
  target: "es2023",
});
