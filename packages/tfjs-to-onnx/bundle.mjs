// Bundles the converter with the parts of @mien/format that it uses, so that the packed package
// needs no other package.
import { rmSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";

const at = (name) => path.join(import.meta.dirname, name);
rmSync(at("dist/alone"), { recursive: true, force: true });
await build({
  entryPoints: { index: at("src/index.ts"), bin: at("src/bin.ts") },
  outdir: at("dist/alone"),
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  conditions: ["source"],
  sourcemap: true,
  logLevel: "warning",
});
