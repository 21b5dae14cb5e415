import path from "node:path";
import {
  defineCommand,
  findModel,
  formatPercent,
  outOption,
  type Terminal,
  writeFileAtomic,
  writeJson,
} from "@mien/cli";
import { detectorOption, modelOption, photoOption, threadsOption } from "../shared-options.ts";
import type { Load } from "../benchmark/load.ts";
import type { Speed } from "../benchmark/turns.ts";

export const benchmark = defineCommand({
  name: "benchmark",
  summary: "Measure the speed of face detection and expression reading, also of other packages",
  details:
    "Shows a photograph of a face as a decoded film of 640×480 pixels to mien and to other packages, which alternate. The packages are installed into the cache folder at the first use, fer only with --fer.\n" +
    "Also measures the detector against onnxruntime alone, the processor time at 30 frames per second, the time by number of faces and of pixels, and methods of smoothing on synthetic sequences. With --soak, measures memory.",
  examples: [
    "npx nx run app:benchmark --photo face.jpg",
    "npx nx run app:benchmark --photo face.jpg --fer",
    "npx nx run app:benchmark --photo face.jpg --no-peers --soak 30000",
  ],
  options: {
    photo: photoOption,
    model: modelOption,
    detector: detectorOption,
    seconds: {
      type: "number",
      unit: "seconds",
      default: 5,
      min: 0.5,
      description: "Measuring time of each row of the table",
      group: "measurements",
    },
    threads: threadsOption,
    peers: {
      type: "boolean",
      default: true,
      description: "Do not compare with other packages",
      group: "measurements",
    },
    fer: {
      type: "boolean",
      description: "Also compare with the Python package fer; installs TensorFlow (about 2 GB)",
      group: "measurements",
    },
    curves: {
      type: "boolean",
      default: true,
      description: "Do not measure different numbers of faces and of pixels",
      group: "measurements",
    },
    soak: {
      type: "integer",
      default: 0,
      min: 0,
      unit: "frames",
      description: "Length of the memory measurement; 0 skips it",
      group: "measurements",
    },
    out: { ...outOption("Folder of the results"), default: "artifacts/benchmark" },
  },
  async run(values, { terminal, signal }) {
    const { seconds, threads, out } = values;
    const { findFaceModel } = await import("../face-models.ts");
    const models = {
      expression: await findModel(values.model),
      detector: findFaceModel("detector", values.detector),
    };
    const [{ openSceneMaker }, { alternate }, own] = await Promise.all([
      import("../benchmark/scenes.ts"),
      import("../benchmark/turns.ts"),
      import("../benchmark/mien.ts"),
    ]);
    terminal.say(
      `model ${models.expression}; faces by ${models.detector}; ${threads} thread(s) each`,
    );
    const maker = await openSceneMaker(values.photo, models.detector);
    const frame = await maker.scene(640, 480, 1);

    const run = async (
      label: string,
      open: () => Promise<Awaited<ReturnType<typeof own.detectorContenders>>>,
    ) => {
      const contenders = await open();
      const rounds = Math.max(2, Math.round(seconds * 2));
      const progress = terminal.progress(label, rounds);
      try {
        const onRound = (done: number) => progress.update(done);
        return await alternate(contenders, { seconds, signal, onRound });
      } finally {
        progress.stop();
        for (const contender of contenders) await contender.close();
      }
    };

    const detection = await run("detector", () => own.detectorContenders(models, frame, threads));
    showSpeeds(terminal, "detector, 640×480", detection);

    const endToEnd = await run("end to end", async () => [
      ...(await own.mienContenders(models, frame, threads)),
      ...(values.peers
        ? await (
            await import("../benchmark/peers.ts")
          ).openPeers(frame, {
            python: values.fer,
            ...{ terminal, signal },
          })
        : []),
    ]);
    showSpeeds(terminal, "end to end, 640×480, one face", endToEnd);

    const { measureLoad, soak } = await import("../benchmark/load.ts");
    const load: Load[] = [];
    for (const every of [1, 2, 3]) load.push(await measureLoad(models, frame, every));
    terminal.table(
      ["faces looked for in", "processor ms a frame", "of a core at 30 frames/s"],
      load.map(({ detectEvery: every, cpuMs, share }) => [
        ["every frame", "every 2nd frame", "every 3rd frame (default)"][every - 1] ?? "",
        cpuMs.toFixed(2),
        formatPercent(share, 1),
      ]),
    );

    const written: string[] = [];
    const { compareSmoothing } = await import("../benchmark/smoothing.ts");
    const smoothing = compareSmoothing();
    terminal.table(
      ["steadied by", "wrong", "false claims", "flicker", "delay", "changes shown"],
      smoothing.map(({ name, wrong, falseClaims, flicker, delay, shown }) => [
        name,
        formatPercent(wrong, 1),
        formatPercent(falseClaims, 1),
        formatPercent(flicker, 2),
        `${delay} frames`,
        formatPercent(shown, 0),
      ]),
    );

    const curves = values.curves ? await import("../benchmark/curves.ts") : undefined;
    const points = await curves?.measureCurves(maker, models, {
      seconds: seconds / 2,
      threads,
      signal,
    });
    if (curves !== undefined && points !== undefined) {
      terminal.table(
        [
          ...["picture", "detector sees", "faces shown", "faces read"],
          ...["median ms", "p99 ms", "frames/s"],
        ],
        points.map(({ name, input, shown, faces, median, p99 }) => [
          name,
          `${input} pixels`,
          shown,
          faces,
          median.toFixed(1),
          p99.toFixed(1),
          (1000 / median).toFixed(0),
        ]),
      );
      const file = path.join(out, "faces.png");
      await writeFileAtomic(file, curves.drawFaces(points));
      written.push(file);
    }

    const progress = terminal.progress("soak", values.soak);
    const onFrame = (done: number) => progress.update(done);
    const memory =
      values.soak === 0
        ? null
        : await soak(models, frame, { frames: values.soak, signal, onFrame }).finally(() =>
            progress.stop(),
          );
    if (memory !== null) {
      terminal.say(
        `memory over ${memory.frames} frames: ${memory.earlyMb.toFixed(0)} MB after a tenth, ` +
          `${memory.lateMb.toFixed(0)} MB at the end`,
      );
    }
    const result = { ...models, threads, detection, endToEnd, load, smoothing, points, memory };
    const file = path.join(out, "benchmark.json");
    await writeJson(file, result);
    for (const one of [file, ...written]) terminal.wrote(one);
    terminal.next("npx nx run app:analyze --source webcam --frames 100", "tries it on a camera");
    return result;
  },
});

/**
 * Rows with the first one as the measure of the others; by means, as with detection in every n-th
 * frame the median is a frame without it.
 */
function showSpeeds(terminal: Terminal, title: string, speeds: readonly Speed[]): void {
  const first = speeds[0]?.mean ?? 1;
  terminal.table(
    [title, "frames", "faces", "median ms", "mean ms", "p99 ms", "frames/s", "time"],
    speeds.map(({ name, frames, faces, median, mean, p99 }) => [
      name,
      frames,
      faces,
      median.toFixed(2),
      mean.toFixed(2),
      p99.toFixed(2),
      (1000 / mean).toFixed(1),
      `${(mean / first).toFixed(2)}×`,
    ]),
  );
}
