import { mkdir } from "node:fs/promises";
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
      for (const view of ["people", "about"]) {
        await page.goto(`${live.origin}/#${view}`);
        await page.getByRole("heading", { level: 1 }).waitFor();
        expect(await violations(page)).toEqual([]);
      }
      await page.close();
    }
  });
});
