// Bundles the compiled package for pages without a bundler: dist/page/mien.js, a module for
// `<script type="module">`, and the worker of the option `background`. The build runs it after tsc.
import path from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;

await build({
  entryPoints: {
    mien: path.join(here, "dist/index.js"),
    "session-worker-web": path.join(here, "dist/session/session-worker-web.js"),
  },
  outdir: path.join(here, "dist/page"),
  // The worker is found by the name that it has in the package.
  entryNames: "[name]",
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  conditions: ["browser"],
  alias: { "@mien/models": path.join(here, "page-models.mjs") },
  legalComments: "eof",
  logLevel: "warning",
});
