import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { LiveResult } from "@mien/web";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { deleteSession, listSessions, readDetails, readReport } from "./session-files.ts";
import { SessionRecorder } from "./session-recorder.ts";

const STREAM = { labels: ["Happy", "Sad"], model: "m.onnx", source: "camera", frameRate: null };
const START = Date.parse("2026-05-06T10:00:00Z");

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "mien-sessions-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** A result of one face. @param second after `START`. */
function resultAt(second: number, name: string | null, confirmed: string | null): LiveResult {
  return {
    type: "frame",
    source: "camera",
    frame: Math.round(10 * second),
    timeMs: 1000 * second,
    width: 640,
    height: 480,
    timings: {},
    capturedAt: START + 1000 * second,
    depth: false,
    windows: {},
    faces: [
      {
        track: 3,
        box: [0, 0, 48, 48],
        score: 1,
        distanceMm: null,
        relief: "unknown",
        person: name === null ? null : { name, distance: 0 },
        probabilities: [0.75, 0.25],
        expression: "Happy",
        confirmed,
        quorumReached: confirmed === null ? null : true,
      },
    ],
  };
}

/** Records 90 s: 10 s unconfirmed, then two thirds Happy and one third Sad. */
async function record(name: string | null): Promise<string> {
  const recorder = await SessionRecorder.start(root, STREAM);
  for (let i = 0; i <= 900; i++) {
    recorder.add(resultAt(i / 10, name, i < 100 ? null : i % 3 === 0 ? "Sad" : "Happy"));
  }
  await recorder.stop();
  return path.basename(recorder.folder);
}

describe("a recorded session", () => {
  it("has the time of day in every line of both tables", async () => {
    const id = await record(null);
    const read = async (file: string) =>
      (await readFile(path.join(root, id, file), "utf8")).trimEnd().split("\n");
    const [, ...lines] = await read("results.jsonl");
    expect(lines.map((line) => (JSON.parse(line) as { time: string }).time).slice(0, 2)).toEqual([
      "2026-05-06T10:00:00.000Z",
      "2026-05-06T10:00:00.100Z",
    ]);
    const [head, ...rows] = await read("faces.csv");
    expect(head).toMatch(/^time,source,frame,/);
    expect(rows.every((row) => row.startsWith("2026-05-06T10:0"))).toBe(true);
    expect(rows).toHaveLength(901);
  });

  it("has a report with date, duration, a time axis, and shares that add up to 100 %", async () => {
    const id = await record("Ada & Co");
    const report = await readFile(path.join(root, id, "report.html"), "utf8");
    expect(report).toContain("6 May 2026");
    expect(report).toContain("<b>1:30</b>");
    const times = [...report.matchAll(/<span style="left:[\d.]+%">([\d:]+)<\/span>/g)];
    expect(times.length).toBeGreaterThanOrEqual(4);
    expect(report).toContain("<h2>Ada &amp; Co</h2>");
    expect(report).toContain("not confirmed yet");
    const shares = [...report.matchAll(/<td>([\d.]+) %<\/td>/g)].map(([, text]) => Number(text));
    expect(shares.pop()).toBe(100);
    expect(shares.reduce((sum, share) => sum + Math.round(10 * share), 0)).toBe(1000);
    expect(await readReport(root, id)).toBe(report);
  });

  it("is listed with its duration, also if mien was killed while it recorded", async () => {
    const id = await record("Ada");
    const killed = "2026-05-05-120000000";
    await mkdir(path.join(root, killed));
    const results = await readFile(path.join(root, id, "results.jsonl"), "utf8");
    const half = results.slice(0, results.length / 2);
    await writeFile(path.join(root, killed, "results.jsonl"), half);
    await mkdir(path.join(root, "something else"));
    const list = await listSessions(root, null);
    expect(list.map((one) => one.id)).toEqual([id, killed]);
    expect(list[0]).toMatchObject({ seconds: 90, frames: 901, faces: 1, isComplete: true });
    expect(list[0]?.started).toBe("2026-05-06T10:00:00.000Z");
    expect(list[1]).toMatchObject({ isComplete: false });
    expect(list[1]?.seconds).toBeGreaterThan(30);
    const { people } = await readDetails(root, id);
    expect(people).toMatchObject([{ name: "Ada", frames: 901 }]);
    expect(people[0]?.confirmed.map(([label]) => label)).toEqual([
      "Happy",
      "Sad",
      "not confirmed yet",
    ]);
  });

  it("of an earlier version is read, with times from the name of its folder", async () => {
    const id = "2025-01-02-030405678";
    await mkdir(path.join(root, id));
    const place = path.join(root, id, "results.jsonl");
    await writeFile(place, `${JSON.stringify({ type: "stream", ...STREAM })}\n`);
    for (const second of [7, 8.5]) {
      const { capturedAt, ...result } = resultAt(second, null, "Happy");
      await appendFile(place, `${JSON.stringify(result)}\n`);
    }
    const [session] = await listSessions(root, null);
    expect(session).toMatchObject({ started: "2025-01-02T03:04:05.678Z", seconds: 1.5 });
    expect(await readReport(root, id)).toContain("Unknown 3");
  });

  it("is deleted with all of its files, but no path outside of the folder is", async () => {
    const id = await record(null);
    for (const other of [
      "..",
      `../${path.basename(root)}/${id}`,
      `${id}/..`,
      "2020-01-01-000000000",
    ]) {
      await expect(deleteSession(root, other)).rejects.toMatchObject({ code: "missing-file" });
    }
    await deleteSession(root, id);
    expect(await listSessions(root, null)).toEqual([]);
  });
});
