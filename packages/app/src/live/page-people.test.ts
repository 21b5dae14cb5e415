import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { personNameProblem } from "@mien/format";
import { describe, expect, it } from "vitest";
import { pageTests, withoutChromium } from "../testing/page-tests.ts";
import { until, violations, visit } from "../testing/page-visit.ts";
import { spot, spotFolder, type TestLive, visibleFiles } from "../testing/start-live.ts";

/** A live app that shows a picture of a spot, for all tests that do not change its state. */
let spots: TestLive;
const tests = pageTests(async ({ folder, startForAll }) => {
  spots = await startForAll({ source: await spotFolder(folder) });
});

describe.skipIf(withoutChromium)("people on the live page in Chromium", () => {
  it("removes a deleted name even while it is paused", async () => {
    const live = await tests.start({ source: await spotFolder(tests.folder) });
    // PNG, because a lossy picture would differ from the face that the source shows.
    const jpeg = await spot(64).png().toBuffer();
    const face = () => live.app.engine.latest?.result.faces[0];
    await expect.poll(face).toBeDefined();
    const { box } = face()!;
    const crops = Array.from({ length: 3 }, () => ({ jpeg, box }));
    await live.app.store.add("Countess", crops, { given: new Date().toISOString(), keepDays: 1 });
    await live.app.renamePerson("Countess", "Ada");
    const { page } = await visit(tests.chromium.browser, live);
    await page.locator(".face h2", { hasText: "Ada" }).waitFor();
    await page.locator(".timeline", { hasText: "Ada" }).waitFor();
    await page.getByRole("button", { name: /Pause/ }).click();
    await page.getByRole("button", { name: /Resume/ }).waitFor();
    const drawn = () =>
      page.evaluate<string>(`document.querySelector("canvas.picture").toDataURL()`);
    const before = await drawn();
    await live.app.deletePerson("Ada");
    await page.locator(".face h2", { hasText: "Unknown" }).waitFor();
    expect(await page.locator("main").innerText()).not.toContain("Ada");
    expect(await drawn()).not.toBe(before);
  });

  it("shows the consent text of the name that was typed last", async () => {
    const { page } = await visit(tests.chromium.browser, spots);
    await page.route(/consent\?name=Ad&/, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 800));
      await route.continue();
    });
    await page.getByRole("link", { name: "People", exact: true }).click();
    const late = page.waitForResponse(/consent\?name=Ad&/);
    await page.getByLabel("Name").fill("Ad");
    await page.waitForRequest(/consent\?name=Ad&/);
    await page.getByLabel("Name").fill("Ada");
    await page.getByText(/the name "Ada"/).waitFor();
    await late;
    await page.waitForTimeout(200);
    expect(await page.locator(".consent").textContent()).toContain(`the name "Ada"`);
  });

  it("says why a name is not allowed while it is typed, in the words of the commands", async () => {
    const { page } = await visit(tests.chromium.browser, spots);
    await page.getByRole("link", { name: "People", exact: true }).click();
    for (const name of ["Ada\u202eB", "-Ada", "CON"]) {
      await page.getByLabel("Name").fill(name);
      const sentence = `This cannot be a name: ${personNameProblem(name)}.`;
      await page.getByText(sentence, { exact: true }).waitFor();
      expect(await page.locator(".consent").count()).toBe(0);
    }
    await page.getByLabel("Name").fill("شاه\u200cرخ");
    await page.locator(".consent").waitFor();
    expect(await page.getByText("This cannot be a name").count()).toBe(0);
  });

  it("merges two entries of one person, and removes a person whose retention time has ended", async () => {
    const live = await tests.start({ source: "browser", retentionCheckMs: 200 });
    const consent = { given: new Date().toISOString(), keepDays: 1 };
    const jpeg = await spot(64).jpeg().toBuffer();
    for (const [name, count] of [
      ["Ada", 2],
      ["Countess", 3],
    ] as const) {
      const crops = Array.from({ length: count }, () => ({ jpeg, box: [64, 96, 32, 32] as const }));
      await live.app.store.add(name, crops, consent);
    }
    const { page } = await visit(tests.chromium.browser, live);
    await page.getByRole("link", { name: "People", exact: true }).click();
    const countess = page.locator(".person", { hasText: "Countess" });
    await countess.getByRole("button", { name: "Merge" }).click();
    const focused = () => page.evaluate<string>(`document.activeElement.tagName`);
    await expect.poll(focused).toBe("SELECT");
    await countess.getByRole("button", { name: "Cancel" }).press("Enter");
    await expect.poll(focused).toBe("H2");
    await countess.getByRole("button", { name: "Merge" }).click();
    await countess.getByRole("combobox").selectOption("Ada");
    expect(await violations(page)).toEqual([]);
    await countess.locator("form").getByRole("button", { name: "Merge" }).press("Enter");
    await page.getByText(/5 pictures, enrolled on/).waitFor();
    await page.getByText("Merged.").waitFor();
    await expect.poll(focused).toBe("H1");
    expect(await page.locator(".person").count()).toBe(1);
    const places = await readdir(path.join(live.folder, "people"), { recursive: true });
    const record = path.join(
      live.folder,
      "people",
      places.find((p) => p.endsWith("person.json"))!,
    );
    const content = await readFile(record, "utf8");
    await writeFile(record, content.replace(/"keepUntil": "[^"]*"/, `"keepUntil": "2020-01-01"`));
    await page.getByText(/Recognition is off/).waitFor();
    // The name leaves the page first, then the files are erased.
    await expect.poll(() => visibleFiles(path.join(live.folder, "people"))).toEqual([]);
  });

  it("keeps what was typed when a rename is refused", async () => {
    const live = await tests.start({ source: "browser" });
    const consent = { given: new Date().toISOString(), keepDays: 1 };
    const jpeg = await spot(64).jpeg().toBuffer();
    for (const name of ["Ada", "Bob"]) {
      await live.app.store.add(name, [{ jpeg, box: [64, 96, 32, 32] }], consent);
    }
    const { page } = await visit(tests.chromium.browser, live);
    await page.getByRole("link", { name: "People", exact: true }).click();
    const ada = page.locator(".person", { hasText: "Ada" });
    await ada.getByRole("button", { name: "Rename" }).click();
    const field = ada.getByLabel("New name");
    await field.fill("Bob");
    await field.press("Enter");
    await page.getByText(/Bob is enrolled already/).waitFor();
    expect(await field.inputValue()).toBe("Bob");
    expect(await violations(page)).toEqual([]);
    await field.fill("Countess");
    await field.press("Enter");
    await page.getByRole("heading", { name: "Countess" }).waitFor();
    await page.getByText(/Bob is enrolled already/).waitFor({ state: "detached" });
  });

  it("shows the pictures of a person, deletes one, and hides them in privacy mode", async () => {
    const live = await tests.start({ source: "browser" });
    const consent = { given: new Date().toISOString(), keepDays: 1 };
    const jpeg = await spot(64).jpeg().toBuffer();
    const crops = [0, 8, 16].map((shift) => ({ jpeg, box: [56 + shift, 96, 32, 32] as const }));
    await live.app.store.add("Ada", crops, consent);
    const { page, errors } = await visit(tests.chromium.browser, live);
    await page.getByRole("link", { name: "People", exact: true }).click();
    const pictures = page.getByAltText(/Picture \d of Ada/);
    await expect.poll(() => pictures.count()).toBe(3);
    await until(page, `document.querySelector(".thumbnails img").naturalWidth > 0`);
    await page.getByRole("button", { name: "All 3 pictures of Ada" }).click();
    await page.getByRole("button", { name: "Delete picture 2 of Ada", exact: true }).click();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Delete picture 2 of Ada for ever" }).click();
    await expect.poll(() => pictures.count()).toBe(2);
    await page.getByText(/2 pictures, enrolled on/).waitFor();
    expect(live.app.store.people.list()[0]?.features).toHaveLength(2);
    await page.getByRole("link", { name: "Live", exact: true }).click();
    await page.getByRole("button", { name: /Privacy/ }).click();
    await page.getByRole("link", { name: "People", exact: true }).click();
    await page.getByText(/2 pictures, enrolled on/).waitFor();
    expect(await pictures.count()).toBe(0);
    expect(errors).toEqual([]);
  });
});
