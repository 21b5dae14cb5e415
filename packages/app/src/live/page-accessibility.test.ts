import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { pageTests, withoutChromium } from "../testing/page-tests.ts";
import { violations, visit } from "../testing/page-visit.ts";

const tests = pageTests();

/** A folder with one picture: black, with white squares of 32 pixels. */
async function pictureWith(name: string, corners: readonly (readonly [number, number])[]) {
  const place = path.join(tests.folder, name);
  await mkdir(place);
  const background = { width: 416, height: 320, channels: 3, background: "black" } as const;
  const square = { width: 32, height: 32, channels: 3, background: "white" } as const;
  const input = await sharp({ create: square }).png().toBuffer();
  await sharp({ create: background })
    .composite(corners.map(([left, top]) => ({ input, left, top })))
    .png()
    .toFile(path.join(place, "1.png"));
  return place;
}

describe.skipIf(withoutChromium)("the live page in Chromium", () => {
  it("has no accessibility violation in light or dark, on a phone or a wide screen, with no face or many faces", async () => {
    const corners = [32, 128, 224, 320].flatMap((left) =>
      [32, 160, 256].map((top) => [left, top] as const),
    );
    const many = await tests.start({ source: await pictureWith("many", corners) });
    const none = await tests.start({ source: await pictureWith("none", []) });
    const card = path.join(tests.folder, "card.md");
    await writeFile(card, "# A model\n\n| | a |\n|-|-|\n| b | 1 |\n\n- [x](other.md)\n");
    Object.defineProperty(many.app, "card", { value: card });
    for (const [live, colorScheme, width, seen] of [
      [many, "light", 390, ".face"],
      [many, "dark", 2560, ".face"],
      [none, "dark", 390, 'h2:text-is("No face found")'],
      [none, "light", 1280, 'h2:text-is("No face found")'],
    ] as const) {
      const { page } = await visit(tests.chromium.browser, live, {
        colorScheme,
        viewport: { width, height: 900 },
      });
      await page.locator(seen).first().waitFor();
      expect(await violations(page)).toEqual([]);
      const overflow = await page.evaluate<number>(
        `document.documentElement.scrollWidth - innerWidth`,
      );
      expect(overflow).toBeLessThanOrEqual(0);
      for (const view of ["sessions", "files", "people", "about", "card"]) {
        await page.goto(`${live.origin}/#${view}`);
        await page.getByRole("heading", { level: 1 }).waitFor();
        expect(await violations(page)).toEqual([]);
      }
      await page.close();
    }
  });

  it("fits the cards of twelve faces on the screen, and names each face alike on card and plot", async () => {
    const corners = [32, 128, 224, 320].flatMap((left) =>
      [32, 160, 256].map((top) => [left, top] as const),
    );
    const live = await tests.start({ source: await pictureWith("twelve", corners) });
    for (const [width, height] of [
      [1280, 800],
      [2560, 1440],
    ] as const) {
      const { page } = await visit(tests.chromium.browser, live, { viewport: { width, height } });
      await expect.poll(() => page.locator(".face").count()).toBe(12);
      // All values of one face, on demand. Paused, since the source shows its picture anew every 3 s.
      await page.locator(".timeline").first().waitFor();
      await page.keyboard.press("p");
      await page.locator(".face h2", { hasText: "Face" }).first().waitFor();
      const plots = await page.locator(".timeline figcaption").allTextContents();
      expect(plots.filter((name) => !/^Face \d+$/.test(name))).toEqual([]);
      await page.getByRole("button", { name: /Pause/ }).click();
      await page.getByRole("button", { name: /Resume/ }).waitFor();
      expect(await page.locator(".face").count()).toBe(12);
      const last = (await page.locator(".face").last().boundingBox())!;
      expect(last.y + last.height).toBeLessThanOrEqual(height);
      await page
        .getByRole("button", { name: /^All values of/ })
        .nth(4)
        .click();
      await page.locator(".face .bars").waitFor();
      expect(await page.locator(".face .bars").count()).toBe(1);
      expect(await violations(page)).toEqual([]);
      await page.close();
    }
  });

  it("shows the model card as a page, in which HTML is text", async () => {
    const live = await tests.start({ source: await pictureWith("card", []) });
    const card = path.join(tests.folder, "card.md");
    const text = `# A *good* model\n\n<img src=x onerror="document.title='run'">\n\n[bad](javascript:alert)`;
    await writeFile(card, text);
    Object.defineProperty(live.app, "card", { value: card });
    const { page, errors } = await visit(tests.chromium.browser, live);
    await page.getByRole("link", { name: "About", exact: true }).click();
    await page.getByRole("link", { name: "Model card" }).click();
    await page.getByRole("heading", { name: "A good model" }).waitFor();
    expect(await page.locator(".card-page img, .card-page a[href^=javascript]").count()).toBe(0);
    await page.getByText("<img src=x").waitFor();
    expect(errors).toEqual([]);
  });
});
