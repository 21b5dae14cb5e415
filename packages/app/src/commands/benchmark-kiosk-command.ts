import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { defineCommand, findModel, outOption, writeJson } from "@mien/cli";
import type { Browser } from "playwright-core";
import type { Cut, KioskMemory } from "../benchmark/live/kiosk-cuts.ts";
import { detectorOption, modelOption, photoOption } from "../shared-options.ts";

/** Cuts and minutes of a run that is long enough to rely on. */
const LONG = { cuts: 100, minutes: 60, memoryMinutes: 240 } as const;
/** Interval between two measurements of the memory, in ms. */
const MEMORY_INTERVAL = 10_000;
/** Growth up to which the memory counts as flat: the garbage of Node and of the page comes and goes. */
const FLAT = { share: 0.1, bytes: 24e6 } as const;

export const benchmarkKiosk = defineCommand({
  name: "benchmark-kiosk",
  summary: "Cut camera, server, network and page of the kiosk, and measure how it comes back",
  details:
    "Starts app:live with a simulated network camera, opens the kiosk page in headless Chromium, and cuts at random times: kills the ffmpeg that reads the camera, kills the server and starts it again, cuts the network for up to 7 s without closing connections, loads the page again, or ends the page and opens another. After each cut, the kiosk must show new frames with the right expression within 5 s after what was cut is there again.\n" +
    "Then measures the memory of the server and the page, while only the camera is cut once a minute. Memory is flat if it grows by at most 10 % or 24 MB from the first tenth of the time to the last.\n" +
    "Fails if a cut takes longer than 5 s, or if memory is not flat.",
  examples: [
    "npx nx run app:benchmark-kiosk --photo face.jpg",
    "npx nx run app:benchmark-kiosk --photo face.jpg --long --seed 2",
  ],
  options: {
    photo: photoOption,
    model: modelOption,
    detector: detectorOption,
    cuts: {
      type: "integer",
      default: 12,
      min: 0,
      max: 10_000,
      unit: "cuts",
      description: "Number of cuts; each kind is as frequent",
    },
    minutes: {
      type: "number",
      default: 0,
      min: 0,
      max: 1440,
      unit: "minutes",
      description: "Time over which the cuts are spread; 0 cuts again as soon as all is right",
    },
    memoryMinutes: {
      type: "number",
      default: 1,
      min: 0,
      max: 1440,
      unit: "minutes",
      description: "Time for which memory is measured afterwards",
    },
    long: {
      type: "boolean",
      description: `Make ${LONG.cuts} cuts in ${LONG.minutes} minutes, then measure memory for ${LONG.memoryMinutes} minutes`,
    },
    seed: {
      type: "integer",
      default: 1,
      min: 0,
      unit: null,
      description: "Seed of the order, kinds and lengths of the cuts",
    },
    out: { ...outOption("Folder of the results"), default: "artifacts/benchmark-kiosk" },
  },
  async run(values, { terminal, signal }) {
    const { seed, out } = values;
    const { cuts: count, minutes, memoryMinutes } = values.long ? LONG : values;
    const { findFaceModel } = await import("../face-models.ts");
    const detector = findFaceModel("detector", values.detector);
    const model = await findModel(values.model);
    const [bench, scenes, films, cameras, kiosks, { MienError }] = await Promise.all([
      import("@mien/bench"),
      import("../benchmark/face-scene.ts"),
      import("../benchmark/live/panning-films.ts"),
      import("../benchmark/live/mjpeg-camera.ts"),
      import("../benchmark/live/kiosk-cuts.ts"),
      import("@mien/format"),
    ]);
    const maker = await scenes.openSceneMaker(values.photo, detector);
    const { still } = await films.makeFilms(
      out,
      await maker.scene({ ...films.SCENE_SIZE, faces: 1 }),
    );
    const environment = bench.describeEnvironment(import.meta.url, ["onnxruntime-node"]);
    terminal.say(`model ${model}; face detector ${detector}`);
    bench.sayEnvironment(terminal, environment);
    const camera = await cameras.startMjpegCamera(still);
    const place = (name: string) => path.join(out, name);
    const flags = [
      ...["--source", camera.address, "--model", model, "--detector", detector],
      ...["--people", place("people"), "--sessions", place("sessions")],
      ...["--settings", place("settings.json")],
    ];
    const cuts: Cut[] = [];
    const memory: KioskMemory[] = [];
    let browser: Browser | undefined;
    let kiosk;
    let expected: string;
    try {
      browser = await bench.launchChromium();
      kiosk = await kiosks.CutKiosk.open({ browser, flags, signal });
      expected = kiosk.expected;
      terminal.say(`the kiosk shows "${expected}"`);
      const progress = terminal.progress("cuts", count);
      const began = performance.now();
      const step = (minutes * 60_000) / Math.max(1, count);
      for (const planned of kiosks.randomCuts(count, seed)) {
        cuts.push(await kiosk.cut(planned));
        progress.update(cuts.length);
        const rest = began + cuts.length * step - performance.now();
        if (rest > 0) await setTimeout(rest, undefined, { signal });
      }
      progress.stop();
      const samples = Math.round((memoryMinutes * 60_000) / MEMORY_INTERVAL);
      const measuring = terminal.progress("memory", samples);
      for (let i = 0; i < samples; i++) {
        await setTimeout(MEMORY_INTERVAL, undefined, { signal });
        memory.push(await kiosk.memory());
        measuring.update(memory.length);
        if (i % 6 === 5) await kiosk.cut({ kind: "camera", outageMs: 0, crashes: false });
      }
      measuring.stop();
    } finally {
      await kiosk?.close();
      await browser?.close();
      camera.close();
    }
    const ms = (value: number) => `${value.toFixed(0)} ms`;
    const rows = kiosks.CUT_KINDS.map((kind) => cuts.filter((cut) => cut.kind === kind)).filter(
      ({ length }) => length > 0,
    );
    bench.benchmarkTable(terminal, rows, [
      ["cut", ([first]) => first?.kind ?? ""],
      ["times", (some) => some.length],
      ["old frame shown for", (some) => ms(bench.median(some.map(({ saidMs }) => saidMs)))],
      ["at most", (some) => ms(Math.max(...some.map(({ saidMs }) => saidMs)))],
      ["right again after", (some) => ms(bench.median(some.map(({ backMs }) => backMs)))],
      ["at most", (some) => ms(Math.max(...some.map(({ backMs }) => backMs)))],
    ]);
    const growth = {
      server: growthOf(
        memory.map(({ server }) => server),
        bench.median,
      ),
      page: growthOf(
        memory.map(({ page }) => page),
        bench.median,
      ),
    };
    for (const [name, { first, last }] of Object.entries(growth)) {
      if (memory.length === 0) continue;
      terminal.say(
        `memory of the ${name}: ${(first / 1e6).toFixed(1)} MB at first, ${(last / 1e6).toFixed(1)} MB at last`,
      );
    }
    const late = cuts.filter(
      ({ backMs, saidMs }) => backMs > kiosks.DEADLINE || saidMs > kiosks.DEADLINE,
    );
    const grown = Object.entries(growth).filter(([, { isFlat }]) => !isFlat);
    const file = path.join(out, "benchmark-kiosk.json");
    const result = { ...environment, model, detector, seed, expected, cuts, memory, growth };
    await writeJson(file, result);
    terminal.wrote(file);
    if (late.length > 0) {
      throw new MienError("mismatch", `${late.length} of ${cuts.length} cuts took longer than 5 s`);
    }
    if (grown.length > 0) {
      throw new MienError("mismatch", `memory grew: ${grown.map(([name]) => name).join(", ")}`);
    }
    terminal.next("npx nx run app:live --kiosk", "opens the kiosk");
    return result;
  },
});

/** The medians of the first and the last tenth of some measurements, and whether they are flat. */
function growthOf(values: readonly number[], median: (values: number[]) => number) {
  if (values.length === 0) return { first: 0, last: 0, isFlat: true };
  const tenth = Math.max(1, Math.round(values.length / 10));
  const first = median(values.slice(0, tenth));
  const last = median(values.slice(-tenth));
  return { first, last, isFlat: last - first <= Math.max(FLAT.bytes, FLAT.share * first) };
}
