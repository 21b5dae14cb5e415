import { describe, expect, it } from "vitest";
import { launchChromium } from "@mien/bench";
import { pageTests, withoutChromium } from "../testing/page-tests.ts";
import { CONFIRMED, FRAME, pixel, until, violations, visit } from "../testing/page-visit.ts";
import type { TestLive } from "../testing/start-live.ts";

/** A live app whose source is the cameras of pages. */
let camera: TestLive;
const tests = pageTests(async ({ startForAll }) => {
  camera = await startForAll({ source: "browser" });
});

describe.skipIf(withoutChromium)("the page's own camera", () => {
  it("sends pictures once a person has started it, and the page gets none of them back", async () => {
    const before = camera.app.engine.meter.totals.frames;
    const { page, errors } = await visit(tests.chromium.browser, camera);
    await page.getByRole("button", { name: "Start camera" }).waitFor();
    expect(await violations(page)).toEqual([]);
    expect(camera.app.engine.meter.totals.frames).toBe(before);
    await page.getByRole("button", { name: "Start camera" }).click();
    await page.locator(".face").waitFor();
    await until(page, CONFIRMED);
    // Mirrored, as a person expects it of their own camera.
    expect(Math.min(...(await pixel(page, 640 - 120, 168)))).toBeGreaterThan(200);
    expect(camera.app.engine.latest?.colour).toBeNull();
    // Another page shows nothing of this camera, and its own camera is refused.
    const other = await visit(tests.chromium.browser, camera);
    await other.page.getByRole("button", { name: "Start camera" }).click();
    await other.page.getByRole("heading", { name: "Another page shares its camera" }).waitFor();
    expect(await other.page.locator(".face").count()).toBe(0);
    expect(await other.page.evaluate<unknown>(FRAME)).toBeUndefined();
    expect(await violations(other.page)).toEqual([]);
    await page.getByRole("button", { name: "Stop camera" }).click();
    await page.getByRole("button", { name: "Start camera" }).waitFor();
    expect(errors).toEqual([]);
  });

  it("fills plots over time that can be moved, zoomed and brought back to live", async () => {
    const { page } = await visit(tests.chromium.browser, camera);
    await page.getByRole("button", { name: "Start camera" }).click();
    // The page above the plots grows until something is confirmed.
    await until(page, CONFIRMED);
    const plot = page.locator(".timeline .u-over").first();
    const backToLive = page.getByRole("button", { name: "Back to live" });
    const seconds = async () =>
      Number(await page.locator(".timeline .uplot").first().getAttribute("data-seconds"));
    await expect.poll(seconds).toBe(60);
    await plot.hover();
    await page.mouse.wheel(0, -100);
    await backToLive.waitFor();
    const shownUntil = () => page.locator(".timeline .uplot").first().getAttribute("data-until");
    const moved = await shownUntil();
    await page.waitForTimeout(700);
    expect(await shownUntil()).toBe(moved);
    await plot.dblclick();
    await backToLive.waitFor({ state: "detached" });
    await expect.poll(shownUntil).not.toBe(moved);
    await page.locator(".timeline [role=group]").first().focus();
    await page.keyboard.press("+");
    await expect.poll(seconds).toBe(48);
    await page.keyboard.press("-");
    await expect.poll(seconds).toBe(60);
    await page.getByRole("button", { name: "Show more time" }).click();
    await expect.poll(seconds).toBe(120);
    const followed = await shownUntil();
    await expect.poll(shownUntil).not.toBe(followed);
    expect(await backToLive.count()).toBe(0);
    await page.locator(".timeline [role=group]").first().focus();
    await page.keyboard.press("Home");
    await backToLive.waitFor({ state: "detached" });
    await expect.poll(seconds).toBe(60);
    // The values at the right edge for the keyboard, and at the pointer for the mouse.
    const values = page.locator(".timeline .values").first();
    const hoverAt = async (share: number) => {
      const { width } = (await plot.boundingBox())!;
      await plot.hover({ position: { x: width * share, y: 20 } });
      return (await plot.boundingBox())!;
    };
    const texts = /^\d+:\d\d:\d\d.*[A-Za-z]+ \d+ %/;
    await expect.poll(() => values.textContent()).toMatch(texts);
    await page.getByRole("button", { name: "Show more time" }).focus();
    await page.mouse.move(0, 0);
    await expect.poll(() => values.isVisible()).toBe(false);
    await hoverAt(0.9);
    await expect.poll(() => values.textContent()).toMatch(texts);
    expect(await violations(page)).toEqual([]);
    // Selected text around the plot must not be dragged instead.
    await page.evaluate(`getSelection().selectAllChildren(document.querySelector(".timelines"))`);
    const dragged = async () => {
      const box = await hoverAt(0.5);
      await page.mouse.down();
      // The selection goes on where the mouse leaves the plot.
      await page.mouse.move(box.x + box.width * 0.75, box.y + 150, { steps: 4 });
      await page.mouse.up();
      return seconds();
    };
    // Tried again if the plot has moved under the mouse, as it does while a message appears above it.
    await expect.poll(async () => Math.abs((await dragged()) - 15)).toBeLessThanOrEqual(1);
  });

  it("keeps the keyboard focus when the camera starts and stops", async () => {
    const { page } = await visit(tests.chromium.browser, camera);
    const focused = () => page.evaluate<string>(`document.activeElement.ariaLabel ?? ""`);
    await page.getByRole("button", { name: "Start camera" }).press("Enter");
    const stop = page.getByRole("button", { name: "Stop camera" });
    await stop.waitFor();
    await expect.poll(focused).toBe("Picture");
    await stop.press("Enter");
    await stop.waitFor({ state: "detached" });
    await expect.poll(focused).toBe("Picture");
  });

  it("sends pictures even if the browser gives no raw pictures", async () => {
    const script = "delete globalThis.VideoFrame;";
    const { page, errors } = await visit(tests.chromium.browser, camera, { script });
    const before = camera.app.engine.meter.totals.frames;
    await page.getByRole("button", { name: "Start camera" }).click();
    await until(page, `Number(${FRAME}) > ${before}`);
    expect(Math.min(...(await pixel(page, 640 - 120, 168)))).toBeGreaterThan(200);
    const faces = () => camera.app.engine.latest?.result.faces.length;
    await expect.poll(faces).toBe(1);
    expect(errors).toEqual([]);
  });

  it("makes the page say that the computer is busy, while it is", async () => {
    const { page } = await visit(tests.chromium.browser, camera);
    await page.getByRole("button", { name: "Start camera" }).click();
    await page.locator(".face").waitFor();
    // Blocks this process, in which the server runs, for most of the time.
    const load = setInterval(() => {
      for (const until = performance.now() + 90; performance.now() < until;);
    }, 10);
    const hint = page.getByText(/This computer is busy/);
    try {
      await hint.waitFor({ timeout: 30_000 });
    } finally {
      clearInterval(load);
    }
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Stop camera" }).click();
    await hint.waitFor({ state: "detached" });
  });

  it("is reported as missing, or as not allowed", async () => {
    const browser = await launchChromium();
    tests.closeLater(browser);
    const { page } = await visit(browser, camera);
    await page.getByRole("button", { name: "Start camera" }).click();
    await page.getByRole("heading", { name: "No camera" }).waitFor();
    expect(await violations(page)).toEqual([]);
    const other = await visit(tests.chromium.browser, camera, { permissions: [] });
    await other.page.getByRole("button", { name: "Start camera" }).click();
    await other.page.getByRole("heading", { name: "The camera was not allowed" }).waitFor();
    expect(await violations(other.page)).toEqual([]);
  });
});
