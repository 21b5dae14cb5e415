import path from "node:path";
import {
  dataFolder,
  defineCommand,
  findModel,
  formatBytes,
  formatPercent,
  outOption,
  writeFileAtomic,
} from "@mien/cli";
import { MienError } from "@mien/format";
import type { DetectionPoint } from "../benchmark/detection/measure-detection.ts";
import { detectorOption, modelOption } from "../shared-options.ts";

export const benchmarkDetection = defineCommand({
  name: "benchmark-detection",
  summary: "Measure how many faces are found, by size, distance, number, pose, light and blur",
  details:
    "Composes scenes of 640×480 pixels from the photographs and the ORL faces in MIEN_DATA, and renders heads at 0.5 to 4 m from a Kinect. " +
    "Prints the share of faces that are found and the false alarms, for the released detector, for a detector given with --detector beside it, and with --peers for the detectors of other packages, which are installed into the cache folder at the first use. " +
    "Then measures the pipeline on films: recordings of heads and of people, twelve portraits in one picture, and a film of five shots. " +
    "Writes a plot of each series to DIR.",
  examples: [
    "npx nx run app:benchmark-detection",
    "npx nx run app:benchmark-detection --detector yunet.onnx --scenes 20",
    "npx nx run app:benchmark-detection --peers",
  ],
  options: {
    model: modelOption,
    detector: detectorOption,
    scenes: {
      type: "integer",
      unit: "scenes",
      min: 1,
      max: 1000,
      default: 40,
      description: "Number of scenes of each point",
      group: "measurements",
    },
    peers: {
      type: "boolean",
      description: "Also measure the detectors of other packages",
      group: "measurements",
    },
    films: {
      type: "boolean",
      default: true,
      description: "Do not measure films",
      group: "measurements",
    },
    out: { ...outOption("Folder of the plots"), default: "artifacts/benchmark/detection" },
  },
  async run({ model, detector, scenes, peers, films, out }, { terminal, signal }) {
    const data = await dataFolder();
    if (data === undefined) {
      throw new MienError("usage", "the photographs and the ORL faces of MIEN_DATA are needed", {
        advice: "Set MIEN_DATA to the folder that holds faces/ and orl/.",
      });
    }
    const [{ benchmarkTable, describeEnvironment }, { findFaceModel }, finding, measuring, charts] =
      await Promise.all([
        import("@mien/bench"),
        import("../face-models.ts"),
        import("../benchmark/detection/finder.ts"),
        import("../benchmark/detection/measure-detection.ts"),
        import("../benchmark/detection/detection-charts.ts"),
      ]);
    const released = findFaceModel("detector");
    const finders = [await finding.openFinder("mien", { file: released, licence: "BSD-3-Clause" })];
    if (detector !== undefined) {
      const name = path.basename(detector, ".onnx");
      finders.push(await finding.openFinder(name, { file: detector, licence: "" }));
    }
    if (peers) finders.push(...(await finding.openPeerFinders({ terminal, signal })));
    const progress = terminal.progress("scenes", 100);
    const onProgress = (share: number, what: string) =>
      progress.update(Math.round(100 * share), what);
    const { detectors, points } = await measuring
      .measureDetection(finders, { data, scenes, signal, onProgress })
      .finally(async () => {
        progress.stop();
        for (const finder of finders) await finder.close();
      });
    const falseAlarms = (name: string) =>
      points.filter((one) => one.detector === name).reduce((sum, one) => sum + one.falseAlarms, 0);
    const recall = (name: string, series: DetectionPoint["series"], ...values: number[]) => {
      const own = points.filter(
        (one) =>
          one.detector === name &&
          one.series === series &&
          (values.length === 0 || values.includes(one.value)),
      );
      const sum = (key: "found" | "shown") => own.reduce((total, one) => total + one[key], 0);
      return formatPercent(sum("found") / sum("shown"), 0);
    };
    benchmarkTable(terminal, detectors, [
      ["detector", ({ detector: name }) => name],
      ["photographs", ({ photographs }) => `${photographs.found} of ${photographs.shown}`],
      ["false", ({ photographs }) => photographs.falseAlarms],
      ["24 px", ({ detector: name }) => recall(name, "size", 24)],
      ["48 px", ({ detector: name }) => recall(name, "size", 48)],
      ["400 px", ({ detector: name }) => recall(name, "size", 400)],
      ["0.6–3 m", ({ detector: name }) => recall(name, "distance", 0.6, 0.8, 1.2, 1.6, 2, 2.5, 3)],
      ["false, scenes", ({ detector: name }) => falseAlarms(name)],
      ["ms", ({ milliseconds }) => milliseconds.toFixed(1)],
      ["size", ({ bytes }) => formatBytes(bytes)],
      ["licence", ({ licence }) => licence],
    ]);
    const conditions = points.filter((one) => one.detector === "mien");
    benchmarkTable(terminal, conditions, [
      ["series", ({ series }) => series],
      ["value", ({ value }) => value],
      ...detectors.map(
        ({ detector: name }) =>
          [
            name,
            ({ series, value }: DetectionPoint) => {
              const one = points.find(
                (point) =>
                  point.detector === name && point.series === series && point.value === value,
              );
              return one === undefined ? "" : formatPercent(one.found / one.shown, 0);
            },
          ] as const,
      ),
      ["false alarms", (one) => one.falseAlarms],
    ]);
    for (const [name, chart] of charts.drawSeries(points)) {
      const file = path.join(out, `${name}.png`);
      await writeFileAtomic(file, chart);
      terminal.wrote(file);
    }
    const rows = films
      ? await (async () => {
          const { measureFilms } = await import("../benchmark/detection/measure-films.ts");
          const bar = terminal.progress("films", 100);
          return measureFilms({
            data,
            detector: released,
            expression: await findModel(model),
            signal,
            onProgress: (share, film) => bar.update(Math.round(100 * share), film),
          }).finally(() => bar.stop());
        })()
      : [];
    if (films) {
      benchmarkTable(terminal, rows, [
        ["film", ({ film }) => film],
        ["frames", ({ frames }) => frames],
        ["found", ({ recall: share }) => formatPercent(share, 1)],
        ["people", ({ people }) => people],
        ["tracks", ({ tracks }) => tracks],
        ["false alarms a frame", (one) => one.falseAlarms.toFixed(3)],
      ]);
    }
    const environment = describeEnvironment(import.meta.url, ["onnxruntime-node"]);
    return { ...environment, detectors, points, films: rows };
  },
});
