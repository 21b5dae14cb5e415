import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { defaultClientConditions, defineConfig } from "vite";

const clone = path.resolve(import.meta.dirname, "../..");
/** Whether Vite can read the clone's path; it takes "#" as the end of a path. */
const isReadable = !clone.includes("#");

/** Makes a link to the clone whose path Vite can read. It is deleted when this process ends. */
function readableRoot() {
  const folder = mkdtempSync(path.join(tmpdir(), "mien-web-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const link = path.join(folder, "clone");
  symlinkSync(clone, link, "junction");
  const root = path.join(link, "packages/web");
  return { root, resolve: { preserveSymlinks: true }, ...pagesIn(root) };
}

/** The pages to build. */
function pagesIn(root) {
  const input = ["index.html", "kiosk.html"].map((file) => path.join(root, file));
  return { build: { rolldownOptions: { input } } };
}

export default defineConfig({
  root: import.meta.dirname,
  // A plugin, because the root on the command line overrides that of this file.
  plugins: isReadable ? [] : [{ name: "readable-root", config: readableRoot }],
  // Relative, so that a proxy can serve the page below another path.
  base: "./",
  // Reads the source of mien's other packages, so that they need not be built first.
  resolve: { conditions: ["source", ...defaultClientConditions] },
  logLevel: "warn",
  build: {
    outDir: "dist/www",
    emptyOutDir: true,
    target: "es2022",
    // The content security policy allows no data: scripts and no inline code.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    ...(isReadable && pagesIn(import.meta.dirname).build),
  },
});
