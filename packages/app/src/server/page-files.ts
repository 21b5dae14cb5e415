import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { MienError } from "@mien/format";

/** A file of the page, as it is sent to browsers. */
export interface PageFile {
  readonly type: string;
  readonly content: Buffer;
  readonly gzipped: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The folder of the built page. @internal */
export function builtPage(): string {
  return fileURLToPath(new URL("dist/www", import.meta.resolve("@mien/web/package.json")));
}

/**
 * Reads the built page into memory. Only these files are served.
 *
 * @returns the files by path; `/` is the page itself, and `/kiosk` its `kiosk.html`.
 * @throws {MienError} `missing-file` if it is not built.
 */
export async function readPage(folder = builtPage()): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const type = TYPES[path.extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const file = path.join(entry.parentPath, entry.name);
    const content = await readFile(file);
    const place = `/${path.relative(folder, file).split(path.sep).join("/")}`;
    const page: PageFile = { type, content, gzipped: gzipSync(content, { level: 9 }) };
    files.set(place === "/index.html" ? "/" : place.replace(/\.html$/, ""), page);
  }
  if (files.has("/")) return files;
  throw new MienError("missing-file", `the page is not built: nothing in ${folder}`, {
    advice: "Build it with `npx nx run app:build-web`.",
  });
}
