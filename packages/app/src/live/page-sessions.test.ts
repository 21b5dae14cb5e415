import { readdir } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { pageTests, withoutChromium } from "../testing/page-tests.ts";
import { violations, visit } from "../testing/page-visit.ts";
import { spotFolder, type TestLive } from "../testing/start-live.ts";

const tests = pageTests();

/** Records a few frames. */
async function record({ app }: TestLive): Promise<void> {
  await app.record(true);
  const before = app.engine.meter.totals.frames;
  await expect.poll(() => app.engine.meter.totals.frames).toBeGreaterThan(before + 3);
  await app.record(false);
}

describe.skipIf(withoutChromium)("sessions on the live page in Chromium", () => {
  it("are marked in red while they are recorded, and can be opened when they end", async () => {
    const live = await tests.start({ source: await spotFolder(tests.folder) });
    const { page, errors } = await visit(tests.chromium.browser, live);
    await page.locator(".face").first().waitFor();
    await page.getByRole("button", { name: /Record/ }).click();
    await page.locator(".pill.recording").waitFor();
    await expect.poll(() => page.title()).toMatch(/recording/);
    await page.locator(".hint.recording", { hasText: /Recording \d+:\d\d/ }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: /Stop recording/ }).click();
    const link = page.getByRole("link", { name: "Open the report" });
    await link.waitFor();
    const [folder] = await readdir(live.app.sessions);
    expect(await page.locator(".hint.good").textContent()).toContain(
      path.join(live.app.sessions, folder!),
    );
    expect(await violations(page)).toEqual([]);
    const opened = page.waitForEvent("popup");
    await link.click();
    const report = await opened;
    await report.getByRole("heading", { name: "Unknown", exact: false }).first().waitFor();
    expect(await report.locator(".axis").first().isVisible()).toBe(true);
    expect(errors).toEqual([]);
  });

  it("are listed, compared two at a time, and deleted", async () => {
    const live = await tests.start({ source: await spotFolder(tests.folder) });
    for (let i = 0; i < 3; i++) await record(live);
    const { page, errors } = await visit(tests.chromium.browser, live, {
      viewport: { width: 390, height: 844 },
      colorScheme: "dark",
    });
    await page.getByRole("link", { name: "Sessions", exact: true }).click();
    const sessions = page.locator(".session");
    await expect.poll(() => sessions.count()).toBe(3);
    for (const i of [0, 1]) await sessions.nth(i).getByRole("checkbox").check();
    const table = page.locator(".comparison table");
    await table.waitFor();
    const rows = await table.locator("tbody tr").allTextContents();
    const columns = rows.map((row) => row.match(/([\d.]+) %/g)?.map(parseFloat));
    for (const column of [0, 1]) {
      const sum = columns.reduce((total, row) => total + Math.round(10 * (row?.[column] ?? 0)), 0);
      expect(sum).toBe(1000);
    }
    expect(await violations(page)).toEqual([]);
    // A third session takes the place of the second.
    await sessions.nth(2).getByRole("checkbox").check();
    await expect.poll(() => sessions.nth(1).getByRole("checkbox").isChecked()).toBe(false);
    await sessions.first().getByRole("button", { name: "Delete" }).click();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Delete the session" }).click();
    await expect.poll(() => sessions.count()).toBe(2);
    await table.waitFor({ state: "detached" });
    expect(await readdir(live.app.sessions)).toHaveLength(2);
    expect(errors).toEqual([]);
  });
});
