import { describe, expect, it } from "vitest";
import { pageTests, withoutChromium } from "../testing/page-tests.ts";
import { until, violations, visit } from "../testing/page-visit.ts";
import { spotFolder } from "../testing/start-live.ts";

const tests = pageTests();
const SLOW = { timeout: 60_000 };

describe.skipIf(withoutChromium)("the settings on the page in Chromium", () => {
  it("are shown with unit, range and default, changed for all pages, and kept after a reload", async () => {
    const live = await tests.start({ source: await spotFolder(tests.folder) });
    for (const [colorScheme, width] of [
      ["light", 390],
      ["dark", 1280],
    ] as const) {
      const { page } = await visit(tests.chromium.browser, live, {
        colorScheme,
        viewport: { width, height: 900 },
      });
      await page.getByText("Settings", { exact: true }).click(SLOW);
      await page
        .getByText("Length of the confirmation window (frames; 1 to 1000; default: 20)")
        .waitFor();
      expect(await violations(page)).toEqual([]);
      const overflow = await page.evaluate<number>(
        `document.documentElement.scrollWidth - innerWidth`,
      );
      expect(overflow).toBeLessThanOrEqual(0);
      await page.close();
    }
    const { page } = await visit(tests.chromium.browser, live);
    const other = await visit(tests.chromium.browser, live);
    for (const one of [page, other.page]) {
      await one.getByText("Settings", { exact: true }).click(SLOW);
    }
    await page.locator("#setting-window").pressSequentially("7");
    await page.locator("#setting-window").press("Enter");
    await page.getByText("Saved: window.").waitFor(SLOW);
    expect(live.app.engine.settings.confirmation.size).toBe(7);
    await other.page.getByText(/Not the default: .*window 7\./).waitFor(SLOW);
    await page.locator("#setting-unsure").check();
    await page.getByText("Saved: unsure.").waitFor(SLOW);
    await page.reload();
    await page.getByText("Settings", { exact: true }).click(SLOW);
    await until(page, `document.querySelector("#setting-window")?.value === "7"`, 60_000);
    await page.locator("#setting-window").press("ControlOrMeta+a");
    await page.locator("#setting-window").pressSequentially("0");
    await page.locator("#setting-window").press("Enter");
    await page.getByRole("alert").waitFor(SLOW);
    expect(await page.getByRole("alert").textContent()).toMatch(/--window must be a whole number/);
    expect(await violations(page)).toEqual([]);
    await page.locator("#setting-window").press("ControlOrMeta+a");
    await page.locator("#setting-window").press("Delete");
    await page.locator("#setting-window").press("Enter");
    await page.getByText("Saved: window.").waitFor(SLOW);
    expect(live.app.engine.settings.confirmation.size).toBe(20);
  });

  it("let the page choose its camera, which its browser remembers", async () => {
    const live = await tests.start({ source: "browser" });
    const { page } = await visit(tests.chromium.browser, live);
    await page.getByRole("button", { name: "Start camera" }).click(SLOW);
    await page.locator(".face").first().waitFor(SLOW);
    await page.getByText("Settings", { exact: true }).click();
    const choice = page.getByLabel("Camera of this page");
    await choice.waitFor(SLOW);
    await until(page, `document.querySelectorAll("#page-camera option").length > 1`, 60_000);
    await choice.selectOption({ index: 1 });
    await until(page, `(localStorage.getItem("camera") ?? "") !== ""`);
    await page.locator(".face").first().waitFor(SLOW);
    expect(await violations(page)).toEqual([]);
  });

  it("are not offered to a page that may only view, nor is recording", async () => {
    const viewToken = "view-token-0123456789";
    const live = await tests.start({
      source: await spotFolder(tests.folder),
      token: "all-token-01234567890",
      guard: { viewToken },
    });
    const { page } = await visit(tests.chromium.browser, live);
    await page.goto(`${live.origin}/?token=${viewToken}`);
    await page.locator(".face").first().waitFor(SLOW);
    expect(await page.getByText("Settings", { exact: true }).count()).toBe(0);
    expect(await page.getByRole("link", { name: "People", exact: true }).count()).toBe(0);
    expect(await page.getByRole("button", { name: /Record/ }).isDisabled()).toBe(true);
    expect(await violations(page)).toEqual([]);
  });
});
