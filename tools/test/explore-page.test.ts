import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { runProgram } from "@mien/cli";
import { findChromium, launchChromium } from "@mien/bench";
import { runInProcess } from "@mien/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { violations } from "../../packages/app/src/testing/page-visit.ts";
import { program } from "../../packages/data/src/program.ts";

type Browser = Awaited<ReturnType<typeof launchChromium>>;

const DRAWN = "document.documentElement.dataset.drawn";

describe.skipIf(findChromium() === undefined && process.env["CI"] === undefined)(
  "the page of data:explore",
  () => {
    let folder: string;
    let browser: Browser;
    let file: string;

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), "mien-explore-"));
      const run = (...args: string[]) =>
        runInProcess(() => runProgram(program, args), { cwd: folder, env: { MIEN_DATA: "" } });
      await run("synth", "--count", "210", "--out", ".");
      const csv = path.join(folder, "synth.csv");
      const [header = "", ...lines] = (await readFile(csv, "utf8")).trimEnd().split("\n");
      // Copies in another split and with another label, and a blank image.
      const of = (n: number) => /^(\d),([^,]*),/.exec(lines[n] ?? "") ?? [];
      const copies = [0, 1, 2].map((n) => `${of(n)[1]},${of(n)[2]},PrivateTest`);
      const conflict = `${(Number(of(3)[1]) + 1) % 7},${of(3)[2]},Training`;
      const blank = `0,${new Array(48 * 48).fill(9).join(" ")},Training`;
      const rows = [header, ...lines, ...copies, conflict, blank];
      await writeFile(csv, `${rows.join("\n")}\n`);
      // Votes for each row: half of the people contradict the label.
      const votes = rows.slice(1).map((row) => {
        const split = row.slice(row.lastIndexOf(",") + 1);
        return `${split},x.png,4,2,0,0,2,0,1,0,0,1`;
      });
      const head =
        "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF";
      await writeFile(path.join(folder, "ferplus.csv"), `${[head, ...votes].join("\n")}\n`);
      const ran = await run("explore", "--csv", "synth.csv", "--out", "report");
      if (ran.code !== 0) throw new Error(ran.err);
      file = path.join(folder, "report/index.html");
      browser = await launchChromium();
    });
    afterAll(async () => {
      await browser?.close();
      await rm(folder, { recursive: true, force: true });
    });

    /** Opens the page from the file system. */
    async function open(colorScheme: "light" | "dark", width: number) {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
      const page = await context.newPage();
      const problems: string[] = [];
      page.on("pageerror", ({ message }) => problems.push(message));
      page.on("request", (request) => {
        const url = request.url();
        if (url !== pathToFileURL(file).href && !url.startsWith("data:")) problems.push(url);
      });
      await page.goto(pathToFileURL(file).href);
      await page.waitForFunction(DRAWN);
      return { page, problems };
    }

    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of [390, 1280]) {
        it(`has no accessibility violation, reads no other file and does not scroll sideways: ${colorScheme}, ${width} px`, async () => {
          const { page, problems } = await open(colorScheme, width);
          await page.evaluate(
            `document.querySelectorAll("details").forEach((one) => { one.open = true; })`,
          );
          expect(await violations(page)).toEqual([]);
          expect(problems).toEqual([]);
          expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
          await page.context().close();
        });
      }
    }

    it("leads from each finding to its pictures, which are visible", async () => {
      const { page } = await open("light", 1280);
      const links = await page.evaluate<string[]>(
        `[...document.querySelectorAll(".findings a")].map((a) => a.getAttribute("href"))`,
      );
      for (const kind of ["copy-across-splits", "copy-with-other-label", "blank", "disputed"]) {
        expect(links).toContain(`#${kind}`);
      }
      for (const link of links) {
        const shown = await page.evaluate<{ photos: number; width: number; text: string }>(`(() => {
          const gallery = document.querySelector(${JSON.stringify(`[id="${link.slice(1)}"]`)}).nextElementSibling.nextElementSibling;
          const photo = gallery.querySelector(".photo");
          return { photos: gallery.querySelectorAll(".photo").length, width: photo.querySelector(".picture").clientWidth, text: photo.innerText };
        })()`);
        expect(shown.photos).toBeGreaterThan(0);
        expect(shown.width).toBeGreaterThan(48);
        expect(shown.text).toMatch(/row \d+\n(Training|PublicTest|PrivateTest)\n.*Neutral 4/);
      }
      await page.context().close();
    });

    it("shows the values under the pointer", async () => {
      const { page } = await open("light", 1280);
      const canvas = page.locator("figure.chart canvas").first();
      await canvas.scrollIntoViewIfNeeded();
      const box = await canvas.boundingBox();
      if (box === null) throw new Error("the chart is not shown");
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      const active = `Object.values(Chart.instances)[0].tooltip.body?.map(({ lines }) => lines[0])`;
      await page.waitForFunction(`${active}?.length > 0`);
      const lines = await page.evaluate<string[]>(active);
      expect(lines[0]).toMatch(/^Training: \d+$/);
      await page.context().close();
    });

    it("draws charts again when the theme changes", async () => {
      const { page } = await open("light", 1280);
      const colour = "Object.values(Chart.instances)[0].options.color";
      const light = await page.evaluate(colour);
      await page.emulateMedia({ colorScheme: "dark" });
      await expect.poll(() => page.evaluate(colour)).not.toBe(light);
      await page.emulateMedia({ colorScheme: "dark", media: "print" });
      await expect.poll(() => page.evaluate(colour)).toBe(light);
      await page.context().close();
    });

    it("shows the image of the map under the pointer, and with the arrow keys", async () => {
      const { page, problems } = await open("light", 1280);
      const map = page.locator("figure.map .canvas");
      await map.scrollIntoViewIfNeeded();
      const box = await map.boundingBox();
      if (box === null) throw new Error("the map is not shown");
      const chart = `Chart.getChart(document.querySelector("figure.map canvas"))`;
      const at = await page.evaluate<{ x: number; y: number }>(
        `(() => { const { x, y } = ${chart}.getDatasetMeta(0).data[0]; return { x, y }; })()`,
      );
      await page.mouse.move(box.x + at.x, box.y + at.y);
      const card = page.locator(".map-card");
      await expect.poll(() => card.isVisible()).toBe(true);
      expect(await card.innerText()).toMatch(/^\w+, row \d+\n(Training|PublicTest|PrivateTest)/);
      const background = `getComputedStyle(document.querySelector(".map-card .picture")).backgroundImage`;
      expect(await page.evaluate(background)).toContain("data:image/webp");
      await page.mouse.move(0, 0);
      await expect.poll(() => card.isVisible()).toBe(false);
      await map.focus();
      const rows = [];
      for (const key of ["ArrowRight", "ArrowRight", "ArrowLeft", "End"]) {
        await page.keyboard.press(key);
        rows.push(/row (\d+)/.exec(await card.innerText())?.[1]);
      }
      expect(rows[2]).toBe(rows[0]);
      expect(new Set(rows).size).toBe(3);
      await page.selectOption("figure.map select", "finding");
      const names = await page.evaluate<string[]>(
        `${chart}.data.datasets.map(({ label }) => label)`,
      );
      expect(names).toContain("Blank images");
      await page.keyboard.press("Escape");
      expect(problems).toEqual([]);
      await page.context().close();
    });

    it("stays small", async () => {
      expect((await stat(file)).size).toBeLessThan(3e6);
    });
  },
);
