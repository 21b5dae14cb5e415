import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { drawFaces, readFaces, repeatRecording, synthesizeRecording } from "@mien/camera";
import { runningChildren } from "@mien/cli";
import { withoutFakenect, withoutFfmpeg } from "@mien/camera/testing/tools";
import { killRounds } from "../benchmark/live/kill-rounds.ts";
import { startMjpegCamera } from "../benchmark/live/mjpeg-camera.ts";
import { watchPage } from "../benchmark/live/watched-page.ts";
import { pageTests, withoutChromium } from "../testing/page-tests.ts";
import { violations, visit } from "../testing/page-visit.ts";
import { spot, visibleFiles } from "../testing/start-live.ts";

const DATA = process.env["MIEN_DATA"];

const tests = pageTests();

describe.skipIf(withoutChromium)(
  "the live page when the process that reads a camera is killed",
  () => {
    const kills = { kills: 2, signal: new AbortController().signal, onKill: () => undefined };
    const children = { cameraProcesses: () => Promise.resolve(runningChildren()) };

    it.skipIf(withoutFfmpeg)(
      "reports that a network camera is lost, and shows its pictures again",
      async () => {
        const camera = await startMjpegCamera(await spot(64).jpeg().toBuffer());
        try {
          const live = await tests.start({ source: camera.address });
          const watched = await watchPage(tests.chromium.browser, live.origin);
          expect(await killRounds(children, watched, kills)).toHaveLength(2);
          expect(await violations(watched.page)).toEqual([]);
        } finally {
          camera.close();
        }
      },
    );

    it.skipIf(withoutFakenect)(
      "reports that a Kinect is lost, and shows its pictures again",
      async () => {
        const [short, long] = [path.join(tests.folder, "short"), path.join(tests.folder, "long")];
        const faces = await drawFaces(3, 1);
        // A few frames that are repeated, because synthesising a frame takes longer than showing it.
        const scene = { scene: "people", seconds: 0.1, seed: 1, faces, lossless: true } as const;
        await synthesizeRecording(short, scene);
        await repeatRecording(short, long, { times: 200, seconds: 0.1 });
        process.env["FAKENECT_PATH"] = long;
        try {
          const live = await tests.start({ source: "kinect" });
          const watched = await watchPage(tests.chromium.browser, live.origin);
          expect(await killRounds(children, watched, kills)).toHaveLength(2);
        } finally {
          delete process.env["FAKENECT_PATH"];
        }
      },
    );
  },
);

describe.skipIf(withoutChromium || (DATA === undefined && !process.env["CI"]))(
  "the live page with photographs of MIEN_DATA",
  () => {
    it.skipIf(DATA === undefined)(
      "enrols a person who consents, then shows, hides, renames, exports and deletes them",
      async () => {
        const photograph = path.join(DATA ?? "", "faces/scene_astronaut.jpg");
        // The camera pans over the face, so that the pictures differ. They are small, because the
        // browser, the page and the server all work on each of them.
        const pictures = await Promise.all(
          Array.from({ length: 18 }, (_, i) =>
            sharp(photograph)
              .rotate(((i % 9) - 4) * 1.5, { background: "#888888" })
              .resize(700, 525, { fit: "cover" })
              .extract({ left: 140 + 2 * i, top: (i * 7) % 40, width: 320, height: 240 })
              .modulate({ brightness: 0.9 + (i % 5) / 20 })
              .jpeg()
              .toBuffer(),
          ),
        );
        const live = await tests.start({ source: "browser", realFaces: true });
        await tests.chromium.show(pictures);
        const { page, errors } = await visit(tests.chromium.browser, live);
        await page.getByRole("link", { name: "People", exact: true }).click();
        await page.getByRole("button", { name: "Start camera" }).click();
        await page.getByText("The camera is on.").waitFor();
        const take = page.getByRole("button", { name: "Take pictures" });
        await page.getByLabel("Pictures").fill("8");
        await page.getByLabel("Name").fill("<b>Ada");
        await page.getByText(/cannot be a name/).waitFor();
        expect(await take.isDisabled()).toBe(true);
        await page.getByLabel("Name").fill("Ada");
        await page.getByText(/mien stores, on this computer only/).waitFor();
        await page.getByText(/the name "Ada"/).waitFor();
        expect(await take.isDisabled()).toBe(true);
        await page.getByRole("checkbox").check();
        expect(await violations(page)).toEqual([]);
        await take.click();
        await page.getByText(/of 8 pictures of Ada/).waitFor();
        await page.getByText(/Pose 1 of 8\. Pictures are taken in [12] s\./).waitFor();
        expect(await violations(page)).toEqual([]);
        await page.getByText("Please turn your head a little to your left.").waitFor();
        await page.getByRole("button", { name: "Next pose" }).click();
        await page.getByText(/Pose 3 of 8/).waitFor();
        await page.locator(".grid img").nth(7).waitFor({ timeout: 90_000 });
        await page.getByRole("button", { name: "Delete picture 2", exact: true }).click();
        await page.getByRole("button", { name: "Enrol Ada with 7 pictures" }).waitFor();
        await page.getByRole("button", { name: "Undo" }).click();
        await page.getByRole("button", { name: "Delete picture 3", exact: true }).click();
        expect(await violations(page)).toEqual([]);
        await page.getByRole("button", { name: "Enrol Ada with 7 pictures" }).click();
        await page.getByText(/7 pictures, enrolled on/).waitFor();
        await page.getByText(/Estimated share of strangers/).waitFor();
        expect(await violations(page)).toEqual([]);
        await page.getByRole("link", { name: "Live", exact: true }).click();
        await page.locator(".face h2", { hasText: "Ada" }).first().waitFor();
        await page.locator(".timeline", { hasText: "Ada" }).first().waitFor();
        await page.keyboard.press("p");
        await page.locator(".face h2", { hasText: "Face" }).first().waitFor();
        expect(await page.locator("main").innerText()).not.toContain("Ada");
        await page.keyboard.press("p");
        await page.keyboard.press("r");
        await page.getByText(/Results are written to/).waitFor();
        const before = live.app.engine.meter.totals.frames;
        await expect.poll(() => live.app.engine.meter.totals.frames).toBeGreaterThan(before + 5);
        await page.keyboard.press("r");
        await page.getByText(/Results are written to/).waitFor({ state: "detached" });
        await page.getByRole("link", { name: "People", exact: true }).click();
        const download = page.waitForEvent("download");
        await page.getByRole("link", { name: "Export" }).click();
        expect((await readFile(await (await download).path())).subarray(0, 2).toString()).toBe(
          "PK",
        );
        await page.getByRole("button", { name: "Rename", exact: true }).click();
        await page.getByLabel("New name").fill("Ada Lovelace");
        await page.locator("form").getByRole("button", { name: "Rename", exact: true }).click();
        await page.getByRole("heading", { name: "Ada Lovelace" }).waitFor();
        await page.getByRole("button", { name: "Delete", exact: true }).click();
        await page.getByRole("button", { name: "Delete Ada Lovelace" }).click();
        await page.getByText(/Recognition is off/).waitFor();
        // The name leaves the page first, then the files are erased while the folder is locked.
        await expect.poll(() => readdir(path.join(live.folder, "people"))).not.toContain(".lock");
        for (const entry of await readdir(live.folder, { recursive: true, withFileTypes: true })) {
          if (!entry.isFile()) continue;
          const content = await readFile(path.join(entry.parentPath, entry.name), "latin1");
          expect([entry.name, content.includes("Ada")]).toEqual([entry.name, false]);
        }
        expect(await visibleFiles(path.join(live.folder, "people"))).toEqual([]);
        expect(errors).toEqual([]);
      },
    );

    it.skipIf(DATA === undefined)(
      "shows a Kinect's depth, the distance of faces, and which pictures of faces it rejects",
      async () => {
        const recording = path.join(tests.folder, "kinect");
        const all = await readFaces(path.join(DATA ?? "", "faces"));
        await synthesizeRecording(recording, {
          scene: "mixed",
          seconds: 0.2,
          seed: 1,
          faces: all.slice(0, 6),
        });
        const live = await tests.start({ source: `kinect:${recording}`, realFaces: true });
        const { page } = await visit(tests.chromium.browser, live);
        await page
          .locator(".facts", { hasText: /\d\.\d\d m/ })
          .first()
          .waitFor();
        await page.locator(".rejected", { hasText: /flat|plane|bent/ }).waitFor();
        await page.keyboard.press("d");
        await page.getByText("Depth: the nearer, the lighter").waitFor();
        const lit = await page.evaluate<number>(
          `document.querySelector(".depth canvas").getContext("2d").getImageData(0, 0, 320, 240)
          .data.filter((value, i) => i % 4 === 0 && value > 40).length`,
        );
        expect(lit).toBeGreaterThan(5000);
        expect(await violations(page)).toEqual([]);
      },
    );
  },
);
