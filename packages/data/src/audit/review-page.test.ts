import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { findChromium, launchChromium } from "@mien/bench";
import { random, type ImageSet } from "@mien/format";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { correctImages } from "../set/corrections.ts";
import { readCorrections } from "../set/read-corrections.ts";
import { synthesize } from "../synth/synthesize.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { auditedPositions, auditLabels, type Audit } from "./audit-labels.ts";
import { renderReview } from "./review-page.ts";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const set: ImageSet = synthesize({ count: 140, seed: 6 });
const { length: classes } = set.classes;

async function auditSynthetic(): Promise<Audit> {
  const stream = random("review");
  const probabilities = Float32Array.from(
    Array.from(set.labels).flatMap((label) => {
      const scores = set.classes.map((_, k) => (k === label ? 1 : 0) + stream.uniform());
      const sum = scores.reduce((total, score) => total + score, 0);
      return scores.map((score) => score / sum);
    }),
  );
  const values = Float32Array.from({ length: 3 * set.labels.length }, () => stream.normal());
  return auditLabels(
    set,
    {
      ...{ path: "p.csv", sha256: "", probabilities },
      isKnown: new Uint8Array(set.labels.length).fill(1),
      fold: new Uint16Array(set.labels.length).fill(1),
      features: { rows: set.labels.length, columns: 3, values },
    },
    { positions: auditedPositions(set, false) },
  );
}

describe.skipIf(findChromium() === undefined)("the page of an audit", () => {
  let browser: Browser;
  let audit: Audit;
  beforeAll(async () => {
    browser = await launchChromium();
    audit = await auditSynthetic();
  }, 60_000);
  afterAll(() => browser.close());

  const rowAt = (rank: number) => set.row[audit.positions[audit.byLabel[rank]!]!]!;
  const labelAt = (rank: number) => set.labels[audit.positions[audit.byLabel[rank]!]!]!;
  const open = async (context: BrowserContext) => {
    const file = path.join(await temporaryFolder(), "index.html");
    const content = { name: "synth", sha256: "a".repeat(64), labels: 6, noFaces: 2 };
    await writeFile(file, renderReview(set, audit, content));
    const page = await context.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("request", (request) => {
      if (!/^(file|data|blob):/.test(request.url())) problems.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
    return { page, file, problems };
  };
  const saved = async (page: Page) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
    const file = path.join(await temporaryFolder(), "corrections.csv");
    await download.saveAs(file);
    return file;
  };

  it("takes decisions by keys, undoes and remembers them, and saves corrections that fit the data set", async () => {
    const context = await browser.newContext({ acceptDownloads: true });
    const { page, file, problems } = await open(context);
    expect(await page.textContent("#facts")).toContain(`Row ${rowAt(0)},`);
    const other = (labelAt(2) + 1) % classes;
    await page.keyboard.press("k");
    await page.keyboard.press("d");
    await page.keyboard.press(String(other + 1));
    await page.keyboard.press("d");
    await page.keyboard.press("u");
    expect(await page.textContent("#facts")).toContain(`Row ${rowAt(3)},`);
    await page.keyboard.press("s");
    await page.keyboard.press("n");
    await page.keyboard.type('kid, "sad"');
    await page.keyboard.press("Escape");
    await page.keyboard.press(String(labelAt(4) + 1));
    expect(await page.textContent("#count")).toMatch(/^4 of \d decided$/);
    await page.goto(pathToFileURL(file).href);
    expect(await page.textContent("#count")).toMatch(/^4 of \d decided$/);

    const csv = await saved(page);
    const corrections = await readCorrections(csv);
    const byRow = new Map(corrections.entries.map((entry) => [entry.row, entry]));
    expect(byRow.get(rowAt(0))).toMatchObject({ action: "keep", newLabel: "" });
    expect(byRow.get(rowAt(1))).toMatchObject({ action: "drop" });
    expect(byRow.get(rowAt(2))).toMatchObject({
      action: "relabel",
      newLabel: set.classes[other],
    });
    expect(byRow.get(rowAt(4))).toMatchObject({ action: "keep", note: 'kid, "sad"' });
    expect(correctImages(set, corrections).counts).toMatchObject({
      relabelled: 1,
      dropped: 1,
      kept: 2,
    });
    expect(problems).toEqual([]);
    await context.close();
  }, 60_000);

  it("goes on from a file, and keeps its state if a line does not fit", async () => {
    const context = await browser.newContext({ acceptDownloads: true });
    const { page } = await open(context);
    const folder = await temporaryFolder();
    const own = set.classes[labelAt(0)]!;
    const text = `row,action,label,new label,note\n${rowAt(0)},drop,${own},,"a, b"\n`;
    const [good, bad] = [path.join(folder, "good.csv"), path.join(folder, "bad.csv")];
    await writeFile(good, text);
    await writeFile(bad, `${text}${rowAt(1)},drop,Nobody,,\n`);
    await page.setInputFiles("#load", good);
    await page.waitForFunction(
      `document.getElementById("status").textContent.includes("1 decisions")`,
    );
    expect(await page.textContent("#decision")).toBe("dropped");
    await page.setInputFiles("#load", bad);
    await page.waitForFunction(
      `document.getElementById("status").textContent.includes("not loaded")`,
    );
    expect(await page.textContent("#count")).toMatch(/^1 of/);
    expect(await readFile(await saved(page), "utf8")).toBe(text);
    await context.close();
  }, 60_000);

  it.each([
    [390, 844, "light"],
    [1280, 900, "dark"],
  ] as const)(
    "has no violation of axe-core at %i×%i, %s",
    async (width, height, colorScheme) => {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme });
      const { page } = await open(context);
      await page.addScriptTag({ path: AXE });
      const found = await page.evaluate<string[]>(
        `axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => id + " " + nodes[0].target))`,
      );
      expect(found).toEqual([]);
      expect(await page.evaluate(`document.documentElement.scrollWidth > innerWidth`)).toBe(false);
      await context.close();
    },
    60_000,
  );
});
