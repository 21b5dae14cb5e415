import path from "node:path";
import type { Column } from "@mien/bench";
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
import type { FaceContender, FrameSpeed } from "../benchmark/face-contender.ts";
import type { SmoothingScore } from "../benchmark/smoothing-comparison.ts";
import type { Load } from "../benchmark/pipeline-load.ts";
import type { Point } from "../benchmark/scaling-curves.ts";

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
    const [bench, { openSceneMaker }, { measureSpeeds }, own] = await Promise.all([
      import("@mien/bench"),
      import("../benchmark/face-scene.ts"),
      import("../benchmark/face-contender.ts"),
      import("../benchmark/mien-contenders.ts"),
    ]);
    terminal.say(
      `model ${models.expression}; face detector ${models.detector}; ${threads} thread(s) for each`,
    );
    const peers = values.peers ? await import("../benchmark/peer-contenders.ts") : undefined;
    const environment = bench.describeEnvironment(
      import.meta.url,
      ["onnxruntime-node"],
      peers?.peerVersions({ python: values.fer }),
    );
    bench.sayEnvironment(terminal, environment);
    const maker = await openSceneMaker(values.photo, models.detector);
    const frame = await maker.scene({ width: 640, height: 480, faces: 1 });

    const run = async (label: string, contenders: readonly FaceContender[]) => {
      const progress = terminal.progress(label, 100);
      const onProgress = (share: number, name: string) =>
        progress.update(Math.round(100 * share), name);
      return measureSpeeds(contenders, { seconds, signal, onProgress }).finally(() =>
        progress.stop(),
      );
    };

    const detectors = await own.detectorContenders(frame, { models, threads });
    const detection = await run("detector", detectors);
    await showSpeeds(terminal, "detector, 640×480", detection);

    const contenders = await own.mienContenders(frame, { models, threads });
    if (peers !== undefined) {
      contenders.push(...(await peers.openPeers(frame, { python: values.fer, terminal, signal })));
    }
    const endToEnd = await run("end to end", contenders);
    await showSpeeds(terminal, "end to end, 640×480, one face", endToEnd);

    const { measureLoad, soak } = await import("../benchmark/pipeline-load.ts");
    const load: Load[] = [];
    for (const every of [1, 2, 3]) load.push(await measureLoad(models, frame, every));
    bench.benchmarkTable(terminal, load, LOAD_COLUMNS);

    const written: string[] = [];
    const { compareSmoothing } = await import("../benchmark/smoothing-comparison.ts");
    const smoothing = compareSmoothing();
    bench.benchmarkTable(terminal, smoothing, SMOOTHING_COLUMNS);

    const curves = values.curves ? await import("../benchmark/scaling-curves.ts") : undefined;
    const points = await curves?.measureCurves(maker, {
      models,
      seconds: seconds / 2,
      threads,
      signal,
    });
    if (curves !== undefined && points !== undefined) {
      bench.benchmarkTable(terminal, points, POINT_COLUMNS);
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
    const result = {
      ...environment,
      ...models,
      threads,
      detection,
      endToEnd,
      load,
      smoothing,
      points,
      memory,
    };
    const file = path.join(out, "benchmark.json");
    await writeJson(file, result);
    for (const one of [file, ...written]) terminal.wrote(one);
    terminal.next("npx nx run app:analyze --source webcam --frames 100", "tries it on a camera");
    return result;
  },
});

const LOAD_COLUMNS: readonly Column<Load>[] = [
  [
    "faces detected in",
    ({ detectEvery }) =>
      ["every frame", "every 2nd frame", "every 3rd frame (default)"][detectEvery - 1] ?? "",
  ],
  ["processor ms a frame", ({ cpuMs }) => cpuMs.toFixed(2)],
  ["of a core at 30 frames/s", ({ share }) => formatPercent(share, 1)],
];

const SMOOTHING_COLUMNS: readonly Column<SmoothingScore>[] = [
  ["smoothing", ({ name }) => name],
  ["wrong", ({ wrong }) => formatPercent(wrong, 1)],
  ["false claims", ({ falseClaims }) => formatPercent(falseClaims, 1)],
  ["flicker", ({ flicker }) => formatPercent(flicker, 2)],
  ["delay", ({ delay }) => `${delay} frames`],
  ["changes shown", ({ shown }) => formatPercent(shown, 0)],
];

const POINT_COLUMNS: readonly Column<Point>[] = [
  ["picture", ({ name }) => name],
  ["detector input", ({ input }) => `${input} pixels`],
  ["faces shown", ({ shown }) => shown],
  ["faces read", ({ faces }) => faces],
  ["median ms", ({ median }) => median.toFixed(1)],
  ["p99 ms", ({ p99 }) => p99.toFixed(1)],
  ["frames/s", ({ median }) => (1000 / median).toFixed(0)],
];

/**
 * Prints speeds; the last column is the time relative to the first row. It compares means, since with
 * detection in every n-th frame the median is a frame without detection.
 */
async function showSpeeds(
  terminal: Terminal,
  title: string,
  speeds: readonly FrameSpeed[],
): Promise<void> {
  const { benchmarkTable, formatFactor } = await import("@mien/bench");
  const first = speeds[0]?.mean ?? 1;
  benchmarkTable(terminal, speeds, [
    [title, ({ name }) => name],
    ["frames", ({ frames }) => frames],
    ["faces", ({ faces }) => faces],
    ["median ms", ({ median }) => median.toFixed(2)],
    ["mean ms", ({ mean }) => mean.toFixed(2)],
    ["p99 ms", ({ p99 }) => p99.toFixed(2)],
    ["frames/s", ({ mean }) => (1000 / mean).toFixed(1)],
    ["time", ({ mean }) => formatFactor(mean / first)],
  ]);
}
