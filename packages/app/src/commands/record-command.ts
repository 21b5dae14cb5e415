import path from "node:path";
import {
  codeVersion,
  type CommandContext,
  counted,
  defineCommand,
  formatBytes,
  formatSeconds,
  freshness,
  outOption,
  recordMadeFrom,
  shellQuote,
} from "@mien/cli";
import { MienError, random, shuffle } from "@mien/format";
import type { SceneName } from "@mien/camera";

const RECORD = "made-from.json";
const RECORDINGS = "artifacts/recordings";
/** What each scene shows. */
const SCENES = {
  head: "One head that moves between 0.7 and 2 m",
  flat: "A flat photograph of a face at 0.6 to 2 m, tilted by up to 30°",
  bent: "The same photograph, bent by 2 cm",
  people: "Three people at 0.9, 1.5 and 2.2 m",
  mixed: "A person, and beside them a photograph that is first flat, then bent",
} as const satisfies Readonly<Record<SceneName, string>>;
const sceneNames = Object.keys(SCENES) as SceneName[];

export const record = defineCommand({
  name: "record",
  summary: "Record a Kinect, or synthesise such a recording",
  details: `Writes a folder in the format of fakenect (raw depth and colour images, 46 MB per second), which --source kinect:DIR plays.
Without --synth, records the Kinect until Ctrl-C or for --seconds.
With --synth, renders a scene with the noise, shadows and dropouts of a Kinect, and writes truth.jsonl: for each colour image one line with the faces, their positions and distances, and whether they are photographs. The same flags give the same bytes.
Scenes:
${sceneNames.map((name) => `  ${name.padEnd(8)}${SCENES[name]}`).join("\n")}`,
  examples: [
    "npx nx run app:record --seconds 10 --out artifacts/recordings/me",
    "npx nx run app:record --synth",
    "npx nx run app:record --synth --scene people --faces portraits/ --seconds 10",
  ],
  options: {
    synth: { type: "boolean", description: "Synthesise a recording instead of reading a Kinect" },
    scene: {
      type: "string",
      description: "Scene to synthesise",
      choices: sceneNames,
      default: "mixed",
    },
    faces: {
      type: "string",
      placeholder: "DIR",
      description:
        "Face images for --synth, one face each, cropped to the head or with a boxes.json",
      defaultText: "synthetic faces",
    },
    seconds: {
      type: "number",
      unit: "seconds",
      description: "Length of the recording",
      defaultText: "with --synth 5, else until Ctrl-C",
      min: 0.1,
      max: 3600,
    },
    seed: {
      type: "integer",
      unit: null,
      description: "Random seed of noise and faces",
      default: 1,
      min: 0,
    },
    out: {
      ...outOption("Folder of the recording"),
      defaultText: `${RECORDINGS}/<scene or time>`,
    },
  },
  async run({ synth, scene, faces, seconds, seed, out }, context) {
    if (!synth && faces !== undefined) {
      throw new MienError("usage", "--faces needs --synth", {
        advice: "A recording of the Kinect shows the people in front of it.",
      });
    }
    if (synth) {
      return synthesize({ scene, faces, seconds: seconds ?? 5, seed, out }, context);
    }
    return recordLive({ seconds, out }, context);
  },
});

async function recordLive(
  { seconds, out }: { seconds: number | undefined; out: string | undefined },
  { terminal, signal }: CommandContext,
) {
  const { recordKinect } = await import("@mien/camera");
  const now = new Date().toISOString().slice(0, 19).replace("T", "-").replaceAll(":", "");
  const folder = out ?? path.join(RECORDINGS, now);
  const length = seconds === undefined ? "until Ctrl-C" : `for ${formatSeconds(seconds)}`;
  terminal.say(`opening the Kinect, to record ${length}`);
  const progress =
    seconds === undefined ? undefined : terminal.progress("frames", Math.round(seconds * 30));
  const { frames, dropped, bytes, lost } = await recordKinect(folder, {
    signal,
    ...(seconds === undefined ? {} : { seconds }),
    onProgress: (done) => progress?.update(done),
  }).finally(() => progress?.stop());
  if (lost !== undefined) terminal.warn(`${lost.message}; the frames before are kept`);
  if (dropped > 0) terminal.warn(`left out ${counted(dropped, "frame")}: the disk was too slow`);
  terminal.table(["frames", "size"], [[frames, formatBytes(bytes)]]);
  terminal.wrote(folder, "the recording");
  suggestNext(terminal, folder);
  return { folder, frames, dropped, bytes, lost: lost?.message ?? null };
}

function suggestNext(terminal: CommandContext["terminal"], folder: string): void {
  terminal.next(
    `npx nx run app:analyze --source ${shellQuote(`kinect:${folder}`)}`,
    "reads its faces",
  );
}

interface SynthValues {
  readonly scene: SceneName;
  readonly faces: string | undefined;
  readonly seconds: number;
  readonly seed: number;
  readonly out: string | undefined;
}

async function synthesize(
  { scene, faces, seconds, seed, out }: SynthValues,
  { terminal, signal }: CommandContext,
) {
  const folder = out ?? path.join(RECORDINGS, scene);
  const record = path.join(folder, RECORD);
  const {
    drawFaces,
    FRAMES_PER_SECOND,
    hashFaces,
    readFaces,
    SYNTHESIS_CODE,
    synthesizeRecording,
    TRUTH,
  } = await import("@mien/camera");
  const inputs = {
    scene,
    faces: faces ?? null,
    seconds,
    seed,
    ...(faces === undefined ? {} : { facesSha256: await hashFaces(faces) }),
  };
  const code = await codeVersion([SYNTHESIS_CODE]);
  if ((await freshness(record, inputs, code)) === "current") {
    terminal.say(`up to date: ${folder} (${scene}, ${seconds} s, seed ${seed})`);
    suggestNext(terminal, folder);
    return { folder, ...inputs, upToDate: true };
  }
  const textures = faces === undefined ? await drawFaces(3, seed) : await readFaces(faces);
  const order = shuffle([...textures.keys()], random("faces", seed));
  const started = performance.now();
  const progress = terminal.progress("frames", Math.round(seconds * FRAMES_PER_SECOND));
  const { frames, bytes } = await synthesizeRecording(folder, {
    scene,
    seconds,
    seed,
    faces: order.flatMap((i) => textures[i] ?? []),
    signal,
    onProgress: (done) => progress.update(done),
  }).finally(() => progress.stop());
  await recordMadeFrom(record, { inputs, code, outputs: ["INDEX.txt", "device.json", TRUTH] });
  terminal.say(
    `${scene}: ${SCENES[scene]}; faces ${faces ?? "synthetic"} ` +
      `(${formatSeconds((performance.now() - started) / 1000)})`,
  );
  terminal.table(["frames", "seconds", "size"], [[frames, seconds, formatBytes(bytes)]]);
  terminal.wrote(folder, "the recording");
  terminal.wrote(path.join(folder, TRUTH), "the faces in each image");
  suggestNext(terminal, folder);
  return { folder, ...inputs, frames, bytes, truth: path.join(folder, TRUTH), upToDate: false };
}
