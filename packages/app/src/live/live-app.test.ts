import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { random } from "@mien/format";
import { createLbph, People, type Box } from "@mien/runtime";
import sharp, { type Sharp } from "sharp";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { PersonStore } from "../people/person-store.ts";
import { filesWith } from "../testing/files-with.ts";
import { POSE_MS } from "../acquire/enrolment-session.ts";
import { SessionRecorder } from "./session-recorder.ts";
import { cameraMessage } from "../testing/camera-message.ts";
import { spot, startLive, type TestLive } from "../testing/start-live.ts";

let live: TestLive;
beforeEach(async () => {
  live = await startLive({ source: "browser" });
});
afterEach(() => live.close());

const page = {};
const [WIDTH, HEIGHT] = [416, 320];
const SPOT: Box = [64, 96, 32, 32];

/** A bright, noisy square, which the test detector detects as a face. */
function face() {
  const chance = random("grain", 1);
  const pixels = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let y = 96; y < 128; y++) {
    for (let i = 3 * 64; i < 3 * 96; i++) pixels[3 * y * WIDTH + i] = 130 + chance.integer(125);
  }
  return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
}

/** The same, so large that processing it takes longer than changing people. */
async function largeFace(): Promise<Sharp> {
  const options = { kernel: "nearest" } as const;
  return sharp(
    await face()
      .resize(5 * WIDTH, 5 * HEIGHT, options)
      .png()
      .toBuffer(),
  );
}

/** A picture as a page's camera sends it. */
async function message(picture: Sharp): Promise<Buffer> {
  const { data: rgba, info } = await picture
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return cameraMessage({ width: info.width, height: info.height, number: 1 }, rgba);
}

/** Enrols a person with three copies of a picture. */
async function enrol(name: string, picture: Sharp, box: Box): Promise<void> {
  const jpeg = await picture.png().toBuffer();
  const crops = [1, 2, 3].map(() => ({ jpeg, box }));
  await live.app.store.add(name, crops, { given: new Date().toISOString(), keepDays: 1 });
  live.app.engine.peopleChanged();
}

const seen = () => live.app.engine.latest?.result.faces[0]?.person?.name;
const sessions = () => readdir(path.join(live.folder, "sessions")).catch(() => []);

it("never writes a name again that was changed or deleted while frames were processed", async () => {
  const { app } = live;
  const shown = await message(await largeFace());
  app.engine.setDemand({ picturesFor: new Set([{}]), depth: false, kiosks: 0 });
  app.engine.offer(page, shown);
  await expect.poll(() => app.engine.latest).not.toBeNull();
  await enrol("Nom 0", await largeFace(), app.engine.latest!.result.faces[0]!.box);
  await enrol("Ben", spot(64), SPOT);
  // Pauses between the frames, since the erasing of results waits for its turn between them.
  const camera = setInterval(() => app.engine.offer(page, shown), 100);
  await expect.poll(seen).toBe("Nom 0");
  await app.record(true);
  for (let i = 0; i < 3; i++) {
    await app.renamePerson(`Nom ${i}`, `Nom ${i + 1}`);
    await expect.poll(seen).toBe(`Nom ${i + 1}`);
  }
  await app.deletePerson("Nom 3");
  const before = app.engine.meter.totals.frames;
  await expect.poll(() => app.engine.meter.totals.frames).toBeGreaterThan(before + 1);
  clearInterval(camera);
  await app.record(false);
  expect(await sessions()).not.toEqual([]);
  expect(await filesWith(live.folder, "Nom")).toEqual([]);
});

it("forgets a person whom another command deletes, in frames, sessions and enrolments, before that command ends", async () => {
  const { app } = live;
  const shown = await message(face());
  app.engine.offer(page, shown);
  await expect.poll(() => app.engine.latest).not.toBeNull();
  await enrol("Nom", face(), app.engine.latest!.result.faces[0]!.box);
  await enrol("Ben", spot(64), SPOT);
  const camera = setInterval(() => app.engine.offer(page, shown), 20);
  const sent: string[] = [];
  app.on("frame", ({ result }) => sent.push(JSON.stringify(result)));
  app.on("people", (hello) => sent.push(JSON.stringify(hello)));
  try {
    await expect.poll(seen).toBe("Nom");
    await app.record(true);
    const before = app.status.recording;
    app.enrolment.start({ name: "Nom", count: 3, keepDays: 1, consent: true });
    const frames = app.engine.meter.totals.frames;
    await expect.poll(() => app.engine.meter.totals.frames).toBeGreaterThan(frames + 5);
    const other = await PersonStore.open(app.store.folder, new People(createLbph()), [live.folder]);
    expect(await other.delete("Nom")).toMatchObject({ found: true, unanswered: [] });
    sent.length = 0;
    expect(await filesWith(live.folder, "Nom")).toEqual([]);
    expect(app.enrolment.state.state).toBeNull();
    expect(app.status.recording).not.toBe(before);
    const after = app.engine.meter.totals.frames;
    await expect.poll(() => app.engine.meter.totals.frames).toBeGreaterThan(after + 5);
    await app.record(false);
    expect(sent.filter((one) => one.includes("Nom"))).toEqual([]);
    expect(await filesWith(live.folder, "Nom")).toEqual([]);
    // The session that ended has its report, without the person.
    expect(await readdir(before ?? "")).toContain("report.html");
    await expect(app.renamePerson("Nom", "Nomen")).rejects.toMatchObject({ code: "missing-file" });
  } finally {
    clearInterval(camera);
  }
});

it("continues to record if a new name is refused", async () => {
  await enrol("Ada", face(), SPOT);
  await enrol("Ben", spot(64), SPOT);
  await live.app.record(true);
  await expect(live.app.renamePerson("Ada", "Ben")).rejects.toMatchObject({ code: "conflict" });
  expect(live.app.status.recording).not.toBeNull();
});

it("starts one recording even if it is asked twice at once", async () => {
  const { app } = live;
  const first = app.record(true);
  // Sessions are named after the time in milliseconds.
  for (const end = performance.now() + 2; performance.now() < end;);
  const second = app.record(true);
  expect(await second).toBe(await first);
  await app.record(false);
  expect(await sessions()).toHaveLength(1);
});

it("reports at the end of a session that it could not be written", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-01-02T03:04:05.678Z") });
  const folder = path.join(live.folder, "sessions", "2026-01-02-030405678");
  await mkdir(folder, { recursive: true });
  const pipe = path.join(folder, "faces.csv");
  execFileSync("mkfifo", [pipe]);
  // Reads the first line of the table, then closes the pipe.
  const ended = once(spawn("head", ["-n", "1", pipe], { stdio: "ignore" }), "exit");
  try {
    const recorder = await SessionRecorder.start(path.dirname(folder), {
      ...live.app.header,
      source: "film.mp4",
      frameRate: null,
    });
    vi.useRealTimers();
    await ended;
    live.app.engine.offer(page, await message(face()));
    await expect.poll(() => live.app.engine.latest).not.toBeNull();
    for (let i = 0; i < 60; i++) recorder.add(live.app.engine.latest!.result);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await expect(recorder.stop()).rejects.toMatchObject({ code: "environment" });
  } finally {
    vi.useRealTimers();
  }
});

it("stores the pictures of an enrolment once even if it is saved twice at once", async () => {
  const { app } = live;
  app.enrolment.start({ name: "Ada", count: 3, keepDays: 1, consent: true });
  const chance = random("grain", 2);
  const pixels = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, () => 60 + chance.integer(130));
  const frame = { index: 0, timeMs: 0, width: WIDTH, height: HEIGHT, pixels };
  const faces = [{ box: [64, 96, 128, 128] as const }];
  // The first frame starts the count-down of the first pose.
  await app.enrolment.session.offer(frame, faces);
  await app.enrolment.session.offer({ ...frame, timeMs: POSE_MS }, faces);
  await app.enrolment.finish();
  const saved = await Promise.allSettled([app.saveEnrolment(), app.saveEnrolment()]);
  expect(saved.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  expect((await app.store.summary()).people).toMatchObject([{ name: "Ada", pictures: 1 }]);
});

it("keeps the pictures of an enrolment that could not be stored", async () => {
  const { app } = live;
  app.enrolment.start({ name: "Ada", count: 3, keepDays: 1, consent: true });
  await expect(app.saveEnrolment()).rejects.toMatchObject({ code: "usage" });
  expect(app.enrolment.state.name).toBe("Ada");
});

it("discards the last picture of a page's camera that has stopped", async () => {
  const { engine } = live.app;
  engine.offer(page, await message(face()));
  await expect.poll(() => engine.latest).not.toBeNull();
  expect(engine.status.state).toBe("running");
  const track = engine.latest?.result.faces[0]?.track as number;
  await expect.poll(() => engine.status.state).toBe("waiting");
  expect(engine.latest).toBeNull();
  engine.offer(page, await message(face()));
  await expect.poll(() => engine.latest?.result.faces[0]?.track).toBeGreaterThan(track);
  expect(engine.status.state).toBe("running");
});
