import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { FileAnalysis } from "@mien/web";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withoutFfmpeg } from "../testing/analyze-tests.ts";
import { spot, startLive, type TestLive } from "../testing/start-live.ts";

let live: TestLive;
let folder: string;
beforeAll(async () => {
  live = await startLive({ source: "browser" });
  folder = await mkdtemp(path.join(tmpdir(), "mien-dropped-"));
});
afterAll(async () => {
  await live.close();
  await rm(folder, { recursive: true, force: true });
});

/** Sends a file. @returns the status, and the answer. */
async function send(name: string, content: Buffer) {
  const answer = await fetch(`${live.origin}/api/files?name=${encodeURIComponent(name)}`, {
    method: "POST",
    body: new Uint8Array(content),
    headers: { "Content-Type": "video/mp4" },
  });
  return { status: answer.status, body: (await answer.json()) as FileAnalysis };
}

/** Waits for the end of an analysis. */
async function finished(id: string): Promise<FileAnalysis> {
  await expect
    .poll(() => ["done", "failed"].includes(live.app.files.get(id).state), { timeout: 30_000 })
    .toBe(true);
  return live.app.files.get(id);
}

/** The temporary folders of this process. */
const left = async () =>
  (await readdir(tmpdir())).filter((name) => name.startsWith(`mien-file-${process.pid}-`));

describe("a file that a page sends", () => {
  it("is analysed as an image, and only its results are kept until they are removed", async () => {
    const { status, body } = await send("../a face.png", await spot(64).png().toBuffer());
    expect([status, body.name]).toEqual([200, "a face.png"]);
    const { result } = await finished(body.id);
    expect(result).toMatchObject({ kind: "image", width: 416, height: 320 });
    expect(result?.faces).toMatchObject([{ track: null, person: null }]);
    const [place] = await left();
    expect((await readdir(path.join(tmpdir(), place!))).sort()).toEqual([
      "faces.csv",
      "results.jsonl",
    ]);
    const lines = await (await fetch(`${live.origin}/api/files/${body.id}/results.jsonl`)).text();
    expect(JSON.parse(lines.trim().split("\n").at(-1)!)).toMatchObject({ source: "a face.png" });
    await fetch(`${live.origin}/api/files/${body.id}`, { method: "DELETE" });
    expect(await left()).toEqual([]);
    expect((await fetch(`${live.origin}/api/files/${body.id}`)).status).toBe(404);
  });

  it.skipIf(withoutFfmpeg)(
    "is analysed as a film, with the times at which each face is visible",
    async () => {
      const film = path.join(folder, "film.mp4");
      const picture = path.join(folder, "one.png");
      await spot(64).toFile(picture);
      const flags = ["-v", "error", "-loop", "1", "-framerate", "10", "-i", picture, "-t", "4"];
      expect(spawnSync("ffmpeg", [...flags, "-pix_fmt", "yuv420p", film]).status).toBe(0);
      const { body } = await send("film.mp4", await readFile(film));
      const analysis = await finished(body.id);
      expect(analysis).toMatchObject({ state: "done", frames: 40, problem: null });
      const { result } = analysis;
      if (result?.kind !== "film") throw new Error("no film");
      expect(result.faces).toMatchObject([{ name: "Face 1", frames: 40, from: 0 }]);
      expect(result.faces[0]!.to).toBeCloseTo(3.9, 1);
      const confirmed = result.faces[0]!.confirmed.reduce((sum, [, count]) => sum + count, 0);
      expect(confirmed).toBe(40);
      const report = await fetch(`${live.origin}/api/files/${body.id}/report.html`);
      expect(report.headers.get("content-security-policy")).toMatch(/sandbox/);
      expect(await report.text()).toMatch(/left:[\d.]+%">0:02</);
    },
  );

  it("is refused if it is neither image nor film, and reported if it is damaged", async () => {
    for (const name of ["list.m3u8", "notes.txt", "noending"]) {
      expect((await send(name, Buffer.from("#EXTM3U\n/etc/passwd"))).status).toBe(400);
    }
    const { body } = await send("broken.png", Buffer.from("no picture"));
    const { state, problem } = await finished(body.id);
    expect(state).toBe("failed");
    expect(problem).toMatch(/broken\.png/);
    expect(problem).not.toContain(tmpdir());
  });

  it("leaves nothing behind when the server ends, nor when mien was killed", async () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    const old = path.join(tmpdir(), `mien-file-${dead}-00000000-abc`);
    await mkdir(old);
    const other = await startLive({ source: "browser" });
    const before = await left();
    const image = await spot(64).png().toBuffer();
    const url = `${other.origin}/api/files?name=a.png`;
    await fetch(url, { method: "POST", body: new Uint8Array(image) });
    await other.close();
    expect(await left()).toEqual(before);
    expect(existsSync(old)).toBe(false);
  });
});
