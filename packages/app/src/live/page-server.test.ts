import { describe, expect, it } from "vitest";
import { pageTests, withoutChromium } from "../testing/page-tests.ts";
import { until, violations, visit } from "../testing/page-visit.ts";
import { spotFolder } from "../testing/start-live.ts";

const tests = pageTests();

describe.skipIf(withoutChromium)(
  "the live page in Chromium, without its server or its source,",
  () => {
    it("says that its address is no longer valid if mien is started with another token", async () => {
      const source = await spotFolder(tests.folder);
      const live = await tests.start({ source, token: "one" });
      const { page } = await visit(tests.chromium.browser, live);
      await page.goto(`${live.origin}/?token=one`);
      await page.locator(".face").waitFor();
      await live.close();
      await page.getByRole("heading", { name: "mien has stopped" }).waitFor();
      await tests.start({ source, port: live.port, token: "two" });
      await page.getByRole("heading", { name: "This address is no longer valid" }).waitFor();
      expect(await violations(page)).toEqual([]);
    });

    it("says why a Kinect cannot be opened", async () => {
      const live = await tests.start({ source: "kinect" });
      const { page } = await visit(tests.chromium.browser, live);
      await page.getByRole("heading", { name: "No Kinect" }).waitFor({ timeout: 20_000 });
      expect(await page.locator(".message").textContent()).toMatch(/Trying again/);
      expect(await violations(page)).toEqual([]);
    });

    it("says when mien has stopped, and reconnects by itself", async () => {
      const source = await spotFolder(tests.folder);
      const live = await tests.start({ source });
      const { page } = await visit(tests.chromium.browser, live);
      await page.locator(".face").waitFor();
      await live.close();
      await page.getByRole("heading", { name: "mien has stopped" }).waitFor();
      expect(await violations(page)).toEqual([]);
      await tests.start({ source, port: live.port });
      await page.getByRole("heading", { name: "mien has stopped" }).waitFor({ state: "detached" });
      await until(page, `document.querySelector(".pill")?.textContent === "running"`);
    });
  },
);
