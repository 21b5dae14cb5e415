import { describe, expect, it } from "vitest";
import { pageTests, withoutChromium } from "../testing/page-tests.ts";
import { FRAME, pixel, until, violations, visit } from "../testing/page-visit.ts";
import { spotFolder, type TestLive } from "../testing/start-live.ts";

/** A live app that shows a picture of a spot, for all tests that do not change its state. */
let spots: TestLive;
const tests = pageTests(async ({ folder, startForAll }) => {
  spots = await startForAll({ source: await spotFolder(folder) });
});

/** Opens a page at a query, and counts the pictures that it gets. */
async function open(live: TestLive, query = "") {
  const context = await tests.chromium.browser.newContext();
  const page = await context.newPage();
  const received = { pictures: 0 };
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      if (typeof payload !== "string") received.pictures++;
    }),
  );
  await page.goto(`${live.origin}/${query}`);
  const button = page.getByRole("button", { name: /Privacy/ });
  await button.waitFor();
  const isOn = () => button.getAttribute("aria-pressed");
  return { page, received, button, isOn };
}

describe.skipIf(withoutChromium)("privacy mode in Chromium", () => {
  it("requests no picture, draws boxes without one, and survives a reload", async () => {
    const { page, received, button, isOn } = await open(spots);
    await expect.poll(() => received.pictures).toBeGreaterThan(0);
    await button.click();
    await expect.poll(() => spots.app.engine.demand.picturesFor.size).toBe(0);
    await page.reload();
    await button.waitFor();
    received.pictures = 0;
    expect(await isOn()).toBe("true");
    await page.locator(".face").waitFor();
    await until(page, `${FRAME} > 0`);
    // Inside the spot, and beside it: the same grey.
    expect(await pixel(page, 80, 110)).toEqual(await pixel(page, 300, 250));
    expect(received.pictures).toBe(0);
    expect(await violations(page)).toEqual([]);
    await page.getByRole("link", { name: "People", exact: true }).click();
    await page.getByText(/This page is in privacy mode/).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Switch privacy mode off" }).click();
    await page.getByLabel("Name").waitFor();
    await expect.poll(() => received.pictures).toBeGreaterThan(0);
  });

  it("can be the start, in the address or by the server, without a single picture", async () => {
    const isPrivate = await tests.start({
      source: await spotFolder(tests.folder),
      privacy: true,
    });
    for (const [live, query] of [
      [spots, "?privacy"],
      [isPrivate, ""],
    ] as const) {
      const { page, received, button, isOn } = await open(live, query);
      expect(await isOn()).toBe("true");
      await until(page, `${FRAME} > 0`);
      expect(received.pictures).toBe(0);
      await button.click();
      await expect.poll(() => received.pictures).toBeGreaterThan(0);
      await page.context().close();
    }
  });

  it("is not the only notice: the page says whether pictures go over the network", async () => {
    const token = "t".repeat(22);
    const live = await tests.start({ source: await spotFolder(tests.folder), token });
    const { page } = await open(live, `?token=${token}`);
    await page.getByText(/go over the network, unencrypted/).waitFor();
    await page.getByRole("link", { name: "About", exact: true }).click();
    await expect.poll(() => page.getByText(/go over the network, unencrypted/).count()).toBe(2);
    const { page: local } = await visit(tests.chromium.browser, spots);
    await local.getByText(/Nothing leaves this computer/).waitFor();
  });
});
