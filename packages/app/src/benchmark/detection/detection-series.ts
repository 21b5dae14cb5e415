import { renderPerson } from "@mien/camera";
import { random, type Random } from "@mien/format";
import { composeScene, type PlacedHead, type Scene } from "./compose-scene.ts";
import { HEIGHT, WIDTH, type SceneParts } from "./heads.ts";

type SeriesName = "size" | "distance" | "number" | "yaw" | "roll" | "light" | "blur";

/** A series of scenes in which one thing changes. */
export interface Series {
  readonly name: SeriesName;
  /** What changes, with its unit. */
  readonly axis: string;
  readonly values: readonly number[];
}

/** Width of the faces where another thing changes, in pixels. */
const USUAL_SIZE = 60;
/** Width of faces in crowds, in pixels. */
const CROWD_SIZE = 40;
/** Number of columns and rows of the places in a crowd. */
const CROWD = { columns: 6, rows: 5 };

export const ALL_SERIES: readonly Series[] = [
  {
    name: "size",
    axis: "width of the face, pixels of 640×480",
    values: [12, 16, 20, 24, 32, 48, 64, 100, 200, 300, 400],
  },
  {
    name: "distance",
    axis: "distance from a Kinect, metres",
    values: [0.5, 0.6, 0.8, 1.2, 1.6, 2, 2.5, 3, 3.5, 4],
  },
  { name: "number", axis: "faces in the picture, 40 pixels wide", values: [1, 2, 5, 10, 20, 30] },
  { name: "yaw", axis: "turn to the side, degrees", values: [0, 15, 30, 45, 60, 75] },
  { name: "roll", axis: "tilt of the head, degrees", values: [0, 15, 30, 45, 60, 90] },
  { name: "light", axis: "brightness, share", values: [1, 0.5, 0.25, 0.12, 0.06, 0.03] },
  {
    name: "blur",
    axis: "motion blur, widths of the face",
    values: [0, 0.1, 0.2, 0.3, 0.45, 0.6],
  },
];

/**
 * The scenes of one point of a series. The same arguments give the same pictures.
 *
 * @param options.scenes number of scenes; a scene of the series `number` has that many faces.
 */
export async function* scenesOf(
  { name }: Series,
  value: number,
  { parts, scenes }: { readonly parts: SceneParts; readonly scenes: number },
): AsyncGenerator<Scene> {
  for (let scene = 0; scene < scenes; scene++) {
    // The same heads at the same places for every value, so that only this value changes.
    const stream = random("detection", name, scene);
    if (name === "distance") {
      yield distantPerson(value, { parts, scene, stream });
      continue;
    }
    const places = name === "number" ? crowd(value, stream) : [undefined];
    const heads = places.map((place, i): PlacedHead => {
      const { heads } = parts;
      const head = heads[(scene + i * 7) % heads.length];
      if (head === undefined) throw new RangeError("there is no head");
      const size = name === "size" ? value : name === "number" ? CROWD_SIZE : USUAL_SIZE;
      const side = stream.uniform() < 0.5 ? -1 : 1;
      return {
        head,
        size,
        ...(place ?? placeFor(size, stream)),
        yaw: name === "yaw" ? side * value : 0,
        roll: name === "roll" ? side * value : 0,
      };
    });
    const background = parts.backgrounds[scene % parts.backgrounds.length];
    if (background === undefined) throw new RangeError("there is no background");
    yield composeScene(background, heads, {
      stream,
      light: name === "light" ? value : 1,
      blur: name === "blur" ? value * USUAL_SIZE : 0,
    });
  }
}

/** A place at which a face of this width is inside the picture. */
function placeFor(size: number, stream: Random): { x: number; y: number } {
  const within = (length: number) => {
    const free = Math.max(0, length - 1.4 * size);
    return length / 2 + (stream.uniform() - 0.5) * free;
  };
  return { x: within(WIDTH), y: within(HEIGHT) };
}

/** Places in a grid, of which `count` are taken at random. */
function crowd(count: number, stream: Random): { x: number; y: number }[] {
  const { columns, rows } = CROWD;
  const all = Array.from({ length: columns * rows }, (_, i) => ({
    x: ((i % columns) + 0.5) * (WIDTH / columns) + 6 * stream.normal(),
    y: (Math.floor(i / columns) + 0.5) * (HEIGHT / rows) + 3 * stream.normal(),
    order: stream.uniform(),
  }));
  return all.sort((a, b) => a.order - b.order).slice(0, count);
}

function distantPerson(
  distance: number,
  { parts, scene, stream }: { parts: SceneParts; scene: number; stream: Random },
): Scene {
  const texture = parts.photographed[scene % parts.photographed.length];
  if (texture === undefined) throw new RangeError("there is no photograph");
  // Inside the picture at every distance.
  const reach = 0.25 * distance;
  const place = { x: reach * (stream.uniform() - 0.5), y: 0.5 * reach * (stream.uniform() - 0.5) };
  const { box, ...picture } = renderPerson(texture, { ...place, distance }, scene);
  return { picture, boxes: [box] };
}
