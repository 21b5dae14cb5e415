import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { withoutFfmpeg } from "../testing/analyze-tests.ts";
import { pageTests, withoutChromium } from "../testing/page-tests.ts";
import { violations, visit } from "../testing/page-visit.ts";
import { spot, type TestLive } from "../testing/start-live.ts";

let live: TestLive;
const tests = pageTests(async ({ startForAll }) => {
  live = await startForAll({ source: "browser" });
});

describe.skipIf(withoutChromium)("files on the live page in Chromium", () => {
  it("are analysed when they are dropped on any view, and shown with boxes and a table", async () => {
    const { page, foreign, errors } = await visit(tests.chromium.browser, live, {
      viewport: { width: 390, height: 844 },
    });
    await page.getByRole("heading", { name: "Share your camera" }).waitFor();
    const image = (await spot(64).png().toBuffer()).toString("base64");
    await page.evaluate(`{
      const transfer = new DataTransfer();
      const bytes = Uint8Array.from(atob("${image}"), (letter) => letter.charCodeAt(0));
      transfer.items.add(new File([bytes], "spot.png", { type: "image/png" }));
      globalThis.dropSpot = (type) => document.querySelector("main").dispatchEvent(
        new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
      dropSpot("dragover");
    }`);
    await page.getByText("Drop images and films to analyse them here").waitFor();
    await page.evaluate(`void dropSpot("drop")`);
    await page.getByRole("heading", { name: "spot.png" }).waitFor();
    await page.getByRole("rowheader", { name: "Face 1" }).waitFor({ timeout: 30_000 });
    // The box is drawn around the spot; inside of it, the picture is white.
    const pixel = (x: number, y: number) =>
      page.evaluate<number[]>(
        `Array.from(document.querySelector(".analysed").getContext("2d").getImageData(${x}, ${y}, 1, 1).data)`,
      );
    await expect.poll(async () => Math.min(...(await pixel(80, 112)))).toBeGreaterThan(240);
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Remove spot.png" }).click();
    await expect.poll(() => page.locator(".file").count()).toBe(0);
    expect(foreign).toEqual([]);
    expect(errors).toEqual([]);
  });

  it.skipIf(withoutFfmpeg)(
    "are chosen with a button; a film has progress, times and a report, and a broken file is named",
    async () => {
      const place = (name: string) => path.join(tests.folder, name);
      await spot(64).toFile(place("one.png"));
      await writeFile(place("broken.jpg"), "no picture");
      await writeFile(place("notes.txt"), "no picture");
      const flags = ["-v", "error", "-y", "-loop", "1", "-framerate", "10", "-i", place("one.png")];
      spawnSync("ffmpeg", [...flags, "-t", "3", "-pix_fmt", "yuv420p", place("film.mp4")]);
      const { page, errors } = await visit(tests.chromium.browser, live, { colorScheme: "dark" });
      await page.getByRole("link", { name: "Files", exact: true }).click();
      const files = ["film.mp4", "broken.jpg", "notes.txt"].map(place);
      await page.getByLabel("Choose images and films").setInputFiles(files);
      await page.getByRole("progressbar").first().waitFor();
      expect(await violations(page)).toEqual([]);
      await page.getByText("notes.txt is neither an image nor a film").waitFor();
      await page.getByText(/^broken.jpg is no JPEG/).waitFor({ timeout: 60_000 });
      const row = page.getByRole("row", { name: /Face 1/ });
      await row.waitFor({ timeout: 60_000 });
      expect(await row.textContent()).toMatch(/^Face 10:000:0[23]30/);
      expect(await violations(page)).toEqual([]);
      const download = page.waitForEvent("download");
      await page.getByRole("link", { name: "CSV" }).click();
      const table = await readFile(await (await download).path(), "utf8");
      expect(table.trim().split("\n")).toHaveLength(31);
      expect(errors).toEqual([]);
    },
  );
});
