import path from "node:path";
import { defineCommand, findModel, formatBytes, outOption, writeJson } from "@mien/cli";
import type { Browser } from "playwright-core";
import type { LiveFigures } from "../benchmark/live/measure-live.ts";
import type { ServerProcess } from "../benchmark/live/server-process.ts";
import type { WatchedPage } from "../benchmark/live/watched-page.ts";
import { detectorOption, modelOption, photoOption } from "../shared-options.ts";

/** How many times slower the processor of a slow page is. */
const SLOWDOWNS = [8, 20];

export const benchmarkLive = defineCommand({
  name: "benchmark-live",
  summary: "Measure the live page in a browser: frame rate, latency, processor and memory",
  details:
    "Starts app:live and opens its page in headless Chromium, five times: with a film, with the film and further viewers (one of them reads nothing), with the camera of the page, and with the film in a page whose processor is slowed down 8 and 20 times. The film and the camera show one face in 640×480 pixels at 30 frames per second.\n" +
    "With --kills, also kills the process that reads a Kinect (fakenect with a recording) and the process that reads a webcam (or a network camera if there is no webcam), and waits each time until the page has reported the loss and recovered.",
  examples: [
    "npx nx run app:benchmark-live --photo face.jpg",
    "npx nx run app:benchmark-live --photo face.jpg --seconds 300 --viewers 10 --kills 20",
  ],
  options: {
    photo: photoOption,
    model: modelOption,
    detector: detectorOption,
    seconds: {
      type: "integer",
      default: 20,
      min: 0,
      max: 3600,
      unit: "seconds",
      description: "Time for which each row of the table is measured; with 0, no row is measured",
    },
    viewers: {
      type: "integer",
      default: 10,
      min: 0,
      max: 40,
      unit: "viewers",
      description: "Further viewers in the second row; the first of them reads nothing",
    },
    kills: {
      type: "integer",
      default: 0,
      min: 0,
      max: 1000,
      unit: "kills",
      description: "Number of times that each camera process is killed",
    },
    only: {
      type: "string",
      choices: ["all", "film", "viewers", "camera", "slow"],
      default: "all",
      description: "Rows of the table to measure",
    },
    out: { ...outOption("Folder of the results"), default: "artifacts/benchmark-live" },
  },
  async run(values, { terminal, signal }) {
    const { seconds, kills, out } = values;
    const { findFaceModel } = await import("../face-models.ts");
    const detector = findFaceModel("detector", values.detector);
    const model = await findModel(values.model);
    const [bench, scenes, films, servers, pages, { measureLive }, { readPage }] = await Promise.all(
      [
        import("@mien/bench"),
        import("../benchmark/face-scene.ts"),
        import("../benchmark/live/panning-films.ts"),
        import("../benchmark/live/server-process.ts"),
        import("../benchmark/live/watched-page.ts"),
        import("../benchmark/live/measure-live.ts"),
        import("../server/page-files.ts"),
      ],
    );
    const sizes = [...(await readPage()).values()].map(({ gzipped }) => gzipped.length);
    const pageBytes = sizes.reduce((sum, size) => sum + size, 0);
    const maker = await scenes.openSceneMaker(values.photo, detector);
    const scene = await maker.scene({ ...films.SCENE_SIZE, faces: 1 });
    const { film, camera, still } = await films.makeFilms(out, scene);
    const environment = bench.describeEnvironment(import.meta.url, ["onnxruntime-node"]);
    terminal.say(`model ${model}; face detector ${detector}`);
    bench.sayEnvironment(terminal, environment);

    /** Starts a server with a source and opens its page; closes both after `work`. */
    const withPage = async <Result>(
      source: string,
      work: (server: ServerProcess, watched: WatchedPage) => Promise<Result>,
      environment: NodeJS.ProcessEnv = {},
    ): Promise<Result> => {
      const folders = [
        "--people",
        path.join(out, "people"),
        "--sessions",
        path.join(out, "sessions"),
      ];
      const flags = ["--source", source, "--model", model, "--detector", detector, ...folders];
      const server = await servers.startServer(flags, environment);
      let browser: Browser | undefined;
      try {
        browser = await bench.launchChromium({ camera: source === "browser" ? camera : undefined });
        const watched = await pages.watchPage(browser, server.origin);
        if (source === "browser") {
          await watched.page.getByRole("button", { name: "Start camera" }).click();
        }
        return await work(server, watched);
      } finally {
        await browser?.close();
        await server.stop();
      }
    };

    const rows: Record<string, LiveFigures & { readonly usableMs: number }> = {};
    const measure = async (name: string, source: string, { viewers = 0, slowdown = 1 } = {}) => {
      const progress = terminal.progress(name, seconds);
      rows[name] = await withPage(source, async (server, watched) => {
        await watched.slowDown(slowdown);
        const figures = await measureLive(server, watched, {
          seconds,
          viewers,
          signal,
          onSecond: (done) => progress.update(done),
        });
        return { ...figures, usableMs: await watched.usableMs() };
      }).finally(() => progress.stop());
    };
    const wants = (row: string) => seconds > 0 && [row, "all"].includes(values.only);
    if (wants("film")) await measure("film, 1 page", film);
    if (wants("viewers") && values.viewers > 0) {
      await measure(`film, 1 page and ${values.viewers} viewers`, film, {
        viewers: values.viewers,
      });
    }
    if (wants("camera")) await measure("the page's camera", "browser");
    for (const slowdown of wants("slow") ? SLOWDOWNS : []) {
      await measure(`film, 1 page slowed down ${slowdown} times`, film, { slowdown });
    }
    if (seconds > 0) {
      bench.benchmarkTable(terminal, Object.entries(rows), [
        ["", ([name]) => name],
        ["frames/s", ([, row]) => row.framesPerSecond.toFixed(1)],
        ["slowest s", ([, row]) => row.slowestSecond],
        ["viewers", ([, row]) => row.slowestViewer?.toFixed(1) ?? ""],
        ["latency", ([, row]) => `${row.latencyMedianMs.toFixed(0)} ms`],
        ["95 %", ([, row]) => `${row.latencyP95Ms.toFixed(0)} ms`],
        ["CPU", ([, row]) => `${row.cpuPercent.toFixed(0)} %`],
        ["MB", ([, row]) => row.memoryFirstMb.toFixed(0)],
        ["", ([, row]) => row.memoryLastMb.toFixed(0)],
        ["usable", ([, row]) => `${row.usableMs.toFixed(0)} ms`],
      ]);
      terminal.say(
        "slowest s: frames in the slowest second; viewers: frames/s of the slowest viewer that reads; " +
          "CPU: share of one core that the server uses; MB: resident memory of the server at the beginning and at the end",
      );
    }
    terminal.say(`the page is ${formatBytes(pageBytes)}, compressed`);

    const rounds =
      kills === 0
        ? {}
        : await (
            await import("../benchmark/live/kill-cameras.ts")
          ).killCameras({ kills, out, still, terminal, signal, withPage });
    const file = path.join(out, "benchmark-live.json");
    const result = { ...environment, model, detector, pageBytes, rows, kills: rounds };
    await writeJson(file, result);
    terminal.wrote(file);
    terminal.next("npx nx run app:live", "opens the page");
    return result;
  },
});
