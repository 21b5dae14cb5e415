import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { stopIfAborted } from "@mien/bench";
import {
  type FaceTexture,
  openSource,
  type SceneName,
  synthesizeRecording,
  TRUTH,
  type Truth,
} from "@mien/camera";
import { random } from "@mien/format";
import { createPipeline, overlap, type Box, type Pipeline, type Picture } from "@mien/runtime";
import sharp from "sharp";
import { composeScene } from "./compose-scene.ts";
import { readParts, type SceneParts } from "./heads.ts";

/** Overlap with a true box from which a result is that face. */
const FOUND = 0.3;
const FRAMES_PER_SECOND = 30;
/** Number and length of the recordings of each scene. */
const RECORDINGS = { count: 2, seconds: 3 };
/** Twelve portraits in one picture. */
const PORTRAITS = { width: 1280, height: 720, columns: 4, rows: 3, size: 90, seconds: 15 };
/** Five people, one in each shot. */
const SHOTS = { people: 5, seconds: 1 };

/** What the pipeline finds in films of one kind. */
export interface FilmRow {
  readonly film: string;
  readonly frames: number;
  /** Faces shown, in all frames together. */
  readonly shown: number;
  /** Share of these, 0–1, at whose place the result has a face. */
  readonly recall: number;
  /** People shown, in all films together; a person in two shots counts twice. */
  readonly people: number;
  /** Tracks at the place of a person, in all films together. */
  readonly tracks: number;
  /** Faces in the results where none is, per frame. */
  readonly falseAlarms: number;
}

/** A frame with the true box of each person, by name. */
interface FilmFrame {
  readonly picture: Picture;
  readonly timeMs: number;
  readonly people: ReadonlyMap<string, Box>;
}

/**
 * Measures the pipeline with its defaults on films: recall, and the number of tracks of each person.
 *
 * @param options.data the folder MIEN_DATA.
 * @throws {MienError} `interrupted` if the signal fires.
 */
export async function measureFilms(options: {
  readonly data: string;
  readonly detector: string;
  readonly expression: string;
  readonly signal: AbortSignal;
  readonly onProgress: (share: number, film: string) => void;
}): Promise<FilmRow[]> {
  const { data, detector, expression, signal, onProgress } = options;
  const parts = await readParts(data);
  const pipeline = await createPipeline({ expression, detector, flat: "off" });
  const films: [string, () => AsyncGenerator<FilmFrame>][] = [
    ...(["head", "people"] as const).flatMap((scene) =>
      Array.from({ length: RECORDINGS.count }, (_, i): (typeof films)[number] => [
        `recordings of ${scene}`,
        () => recording(scene, parts.photographed.slice(4 * i), { seed: i + 1, signal }),
      ]),
    ),
    ["12 portraits, 1280×720", () => portraits(parts)],
    ["5 shots of 5 people", () => shots(parts)],
  ];
  const rows = new Map<string, FilmTotals>();
  try {
    for (const [i, [name, film]] of films.entries()) {
      onProgress(i / films.length, name);
      const totals = rows.get(name) ?? new FilmTotals(name);
      rows.set(name, totals);
      await follow(pipeline, film(), { totals, signal });
    }
    return [...rows.values()].map((totals) => totals.row());
  } finally {
    await pipeline.close();
  }
}

class FilmTotals {
  readonly #film: string;
  #frames = 0;
  #shown = 0;
  #found = 0;
  #people = 0;
  #tracks = 0;
  #falseAlarms = 0;

  constructor(film: string) {
    this.#film = film;
  }

  addFrame(shown: readonly Box[], found: readonly Box[]): void {
    const isFace = (a: Box, b: Box) => overlap(a, b) >= FOUND;
    this.#frames++;
    this.#shown += shown.length;
    this.#found += shown.filter((box) => found.some((one) => isFace(one, box))).length;
    this.#falseAlarms += found.filter((one) => !shown.some((box) => isFace(one, box))).length;
  }

  addTracks(people: ReadonlyMap<string, ReadonlySet<number>>): void {
    this.#people += people.size;
    for (const tracks of people.values()) this.#tracks += tracks.size;
  }

  row(): FilmRow {
    return {
      film: this.#film,
      frames: this.#frames,
      shown: this.#shown,
      recall: this.#found / this.#shown,
      people: this.#people,
      tracks: this.#tracks,
      falseAlarms: this.#falseAlarms / this.#frames,
    };
  }
}

async function follow(
  pipeline: Pipeline,
  film: AsyncGenerator<FilmFrame>,
  { totals, signal }: { readonly totals: FilmTotals; readonly signal: AbortSignal },
): Promise<void> {
  pipeline.reset();
  const seen = new Map<string, Set<number>>();
  let index = 0;
  for await (const { picture, timeMs, people } of film) {
    stopIfAborted(signal);
    const { faces } = await pipeline.process({ ...picture, index: index++, timeMs });
    totals.addFrame(
      [...people.values()],
      faces.map(({ box }) => [...box]),
    );
    for (const [name, box] of people) {
      const tracks = seen.get(name) ?? new Set();
      seen.set(name, tracks);
      for (const face of faces) {
        if (face.track !== null && overlap([...face.box], box) >= FOUND) tracks.add(face.track);
      }
    }
  }
  totals.addTracks(seen);
}

/** A recording that `app:record --synth` would make. */
async function* recording(
  scene: SceneName,
  faces: readonly FaceTexture[],
  { seed, signal }: { readonly seed: number; readonly signal: AbortSignal },
): AsyncGenerator<FilmFrame> {
  const scratch = await mkdtemp(path.join(tmpdir(), "mien-films-"));
  const folder = path.join(scratch, scene);
  try {
    const { seconds } = RECORDINGS;
    await synthesizeRecording(folder, { scene, seconds, seed, faces, signal });
    const lines = (await readFile(path.join(folder, TRUTH), "utf8")).trim().split("\n");
    const truth = lines.map((line) => JSON.parse(line) as Truth);
    const source = await openSource(`kinect:${folder}`);
    for await (const frame of source.frames()) {
      const { width, height, pixels, timeMs } = frame;
      const people = new Map<string, Box>();
      for (const { id, box } of truth[frame.index]?.faces ?? []) people.set(id, [...box]);
      yield { picture: { width, height, pixels }, timeMs, people };
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Twelve portraits side by side, moved a little and with noise in each frame. */
async function* portraits(parts: SceneParts): AsyncGenerator<FilmFrame> {
  const { width, height, columns, rows, size, seconds } = PORTRAITS;
  const stream = random("portraits");
  const background = {
    width,
    height,
    pixels: new Uint8Array(3 * width * height).fill(140),
  };
  const heads = Array.from({ length: columns * rows }, (_, i) => ({
    head: at(parts.photographed, i),
    size,
    x: ((i % columns) + 0.5) * (width / columns),
    y: (Math.floor(i / columns) + 0.5) * (height / rows),
    yaw: 0,
    roll: 0,
  }));
  const scene = await composeScene(background, heads, { stream, light: 1, blur: 0 });
  for (let frame = 0; frame < seconds * FRAMES_PER_SECOND; frame++) {
    const right = Math.round(4 * Math.sin(frame / 20));
    const picture = shifted(scene.picture, right, stream.integer(997));
    const people = new Map(
      scene.boxes.map(([x, y, w, h], i): [string, Box] => [String(i), [x + right, y, w, h]]),
    );
    yield { picture, timeMs: (1000 * frame) / FRAMES_PER_SECOND, people };
  }
}

/** A film of one photographed person after the other. */
async function* shots({ photographed }: SceneParts): AsyncGenerator<FilmFrame> {
  const stream = random("shots");
  for (let shot = 0; shot < SHOTS.people; shot++) {
    const texture = at(photographed, 3 * shot);
    const { width, height } = texture;
    const raw = { width, height, channels: 3 } as const;
    const data = await sharp(texture.pixels, { raw })
      .resize(640, 480, { fit: "fill" })
      .raw()
      .toBuffer();
    const picture = { width: 640, height: 480, pixels: new Uint8Array(data) };
    const [x, y, w, h] = texture.box;
    const [across, down] = [640 / width, 480 / height];
    for (let i = 0; i < SHOTS.seconds * FRAMES_PER_SECOND; i++) {
      const frame = shot * SHOTS.seconds * FRAMES_PER_SECOND + i;
      const right = Math.round(6 * Math.sin(i / 8));
      const box: Box = [x * across + right, y * down, w * across, h * down];
      yield {
        picture: shifted(picture, right, stream.integer(997)),
        timeMs: (1000 * frame) / FRAMES_PER_SECOND,
        people: new Map([[`shot ${shot}`, box]]),
      };
    }
  }
}

/** A picture moved to the right, with noise. */
function shifted({ width, height, pixels }: Picture, right: number, seed: number): Picture {
  const moved = new Uint8ClampedArray(pixels.length);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = 3 * (row * width + Math.min(width - 1, Math.max(0, column - right)));
      const to = 3 * (row * width + column);
      const noise = ((to * 31 + seed * 17) % 7) - 3;
      for (let c = 0; c < 3; c++) moved[to + c] = (pixels[from + c] ?? 0) + noise;
    }
  }
  return { width, height, pixels: new Uint8Array(moved.buffer) };
}

function at(heads: readonly FaceTexture[], i: number): FaceTexture {
  const head = heads[i % heads.length];
  if (head === undefined) throw new RangeError("there is no photograph");
  return head;
}
