import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { launchChromium } from "@mien/bench";
import { isLong } from "@mien/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { checkSite } from "./check-site.mjs";
import { stagePages } from "./stage-pages.mjs";

const ROOT = path.resolve(import.meta.dirname, "../..");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "mien-site-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("stages every document, and each link between them leads to a staged file", () => {
  stagePages(ROOT, folder);
  const pages = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".md"),
  );
  expect(pages).toEqual(expect.arrayContaining(["index.md", "tutorial.md", "models/blend.md"]));
  let links = 0;
  for (const page of pages) {
    const text = readFileSync(path.join(folder, page), "utf8").replaceAll(/^```[^]*?^```$/gm, "");
    for (const [, target = ""] of text.matchAll(/\]\((\.[^)\s#]*)/g)) {
      const found = existsSync(path.join(folder, path.dirname(page), target));
      expect([page, target, found]).toEqual([page, target, true]);
      links++;
    }
  }
  expect(links).toBeGreaterThan(100);
});

it("finds links that lead nowhere, and what is loaded from elsewhere", () => {
  const write = (name: string, html: string) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), html);
  };
  write(
    "a.html",
    `<h2 id="one &amp; two">x</h2><a href="./b/c.html#here">good</a> <a href="#one%20&amp;%20two">`,
  );
  write("b/c.html", `<p id="here"></p><a href="../a.html">good</a> <a href="/b/">good</a>`);
  write("b/index.html", `<a href="https://example.org/">may be clicked</a><img src="data:,">`);
  expect(checkSite(folder)).toEqual([]);
  write(
    "b/index.html",
    `<a href="gone.html">1</a> <a href="c.html#gone">2</a> <a href="/a">3</a>
    <script src="https://example.org/x.js"></script>`,
  );
  expect(checkSite(folder)).toEqual([
    "b/index.html loads https://example.org/x.js from elsewhere",
    "b/index.html links to gone.html, which is missing",
    "b/index.html links to c.html#gone, but b/c.html has no such heading",
  ]);
});

// Installs VitePress and TypeDoc.
it.runIf(isLong)(
  "builds a whole site whose first page reads a picture and asks no other server",
  async () => {
    const out = path.join(folder, "site");
    const program = path.join(ROOT, "tools/site.mjs");
    const { status, stderr } = spawnSync(process.execPath, [program, "--out", out], {
      encoding: "utf8",
    });
    expect(status, stderr).toBe(0);
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
      const file = path.join(out, pathname === "/" ? "index.html" : pathname);
      const types: Record<string, string> = { ".js": "text/javascript", ".html": "text/html" };
      response.setHeader("content-type", types[path.extname(file)] ?? "application/octet-stream");
      if (existsSync(file)) response.end(readFileSync(file));
      else response.writeHead(404).end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      const { port } = server.address() as AddressInfo;
      const strangers: string[] = [];
      page.on("request", (request) => {
        const { protocol, host } = new URL(request.url());
        if (protocol === "http:" || protocol === "https:") {
          if (host !== `127.0.0.1:${port}`) strangers.push(request.url());
        }
      });
      await page.goto(`http://127.0.0.1:${port}/`);
      await page.getByRole("button", { name: "Example" }).click();
      await page.getByText("Happy", { exact: false }).first().waitFor({ timeout: 60_000 });
      expect(await page.locator(".demo li").count()).toBe(3);
      expect(strangers).toEqual([]);
    } finally {
      await browser.close();
      server.close();
    }
  },
  300_000,
);
