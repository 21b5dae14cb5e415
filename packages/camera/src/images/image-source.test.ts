import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { expect, it } from "vitest";
import { openImages } from "./image-source.ts";

it("shows each image for 3 s in real time, marks where a new one begins, and ends when closed", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "mien-images-"));
  const create = { width: 4, height: 4, channels: 3, background: "#ffffff" } as const;
  for (const name of ["a.png", "b.png"]) {
    await sharp({ create }).toFile(path.join(folder, name));
  }
  const source = await openImages(folder, { realTime: true });
  const starts: number[] = [];
  const indices: number[] = [];
  for await (const { index, timeMs, path: file, discontinuity } of source.frames()) {
    indices.push(index);
    if (discontinuity) starts.push(timeMs);
    if (path.basename(file ?? "") === "b.png" && !discontinuity) await source.close();
  }
  await rm(folder, { recursive: true });
  expect(starts).toHaveLength(2);
  expect(starts[1]).toBeGreaterThanOrEqual(3000);
  expect(indices).toEqual(indices.map((_, i) => i));
  expect(indices.length).toBeGreaterThan(3);
});

it("names a broken picture once, however often the folder is read", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "mien-images-"));
  const create = { width: 4, height: 4, channels: 3, background: "#ffffff" } as const;
  await sharp({ create }).toFile(path.join(folder, "a.png"));
  await writeFile(path.join(folder, "b.png"), "not a picture");
  const notices: (string | undefined)[] = [];
  const source = await openImages(folder, {
    loop: true,
    onNotice: (notice) => notices.push(notice.path),
  });
  let frames = 0;
  for await (const { path: file } of source.frames()) {
    expect(path.basename(file ?? "")).toBe("a.png");
    if (++frames === 3) await source.close();
  }
  await rm(folder, { recursive: true });
  expect(notices).toEqual([path.join(folder, "b.png")]);
});
