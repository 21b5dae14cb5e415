/** A drawn face: its middle, half its width in pixels, and its skin's colour. */
export interface DrawnFace {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly skin: readonly [number, number, number];
}

/** Middle and semi-axes in radii of the face, and the softness of the edge. */
interface Ellipse {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly soft: number;
}

/** An ellipse: middle and semi-axes in radii of the face, softness of its edge, opacity, colour. */
type Blob = readonly [
  x: number,
  y: number,
  width: number,
  height: number,
  soft: number,
  opacity: number,
  colour: readonly [number, number, number],
];

const side = (k: -1 | 1): Blob[] => [
  [0.4 * k, -0.35, 0.26, 0.07, 0.4, 0.8, [60, 45, 35]],
  [0.4 * k, -0.1, 0.2, 0.11, 0.3, 1, [200, 190, 185]],
  [0.4 * k, -0.1, 0.1, 0.11, 0.3, 1, [40, 30, 30]],
  [0.12 * k, 0.38, 0.08, 0.05, 0.5, 0.6, [110, 70, 60]],
];

const HAIR: Blob = [0, -0.25, 1.2, 1.45, 0.12, 1, [50, 35, 25]];
const HEAD: Ellipse = { x: 0, y: 0.1, width: 0.95, height: 1.3, soft: 0.12 };
const FEATURES: readonly Blob[] = [
  ...side(-1),
  ...side(1),
  [0, 0.2, 0.1, 0.35, 0.6, 0.35, [255, 225, 200]],
  [0, 0.75, 0.38, 0.1, 0.3, 1, [150, 60, 60]],
  [0, 0.745, 0.32, 0.015, 0.5, 1, [80, 30, 30]],
];
const WALL = [90, 110, 120] as const;

/**
 * Draws faces of nobody that YuNet detects, so that its outputs can be compared without pictures of
 * people.
 *
 * @returns RGB, uint8 [height, width, 3].
 */
export function drawFaces(
  size: { readonly width: number; readonly height: number },
  faces: readonly DrawnFace[],
): Uint8Array {
  const { width, height } = size;
  const pixels = new Uint8Array(width * height * 3);
  for (let at = 0; at < width * height; at++) {
    const colour: [number, number, number] = [...WALL];
    for (const face of faces) {
      paint(colour, face, [at % width, Math.floor(at / width)]);
    }
    pixels.set(
      colour.map((value) => Math.round(Math.min(255, Math.max(0, value)))),
      3 * at,
    );
  }
  return pixels;
}

function paint(
  colour: [number, number, number],
  { x, y, radius, skin }: DrawnFace,
  [column, row]: readonly [number, number],
): void {
  const u = (column - x) / radius;
  const v = (row - y) / radius;
  if (Math.abs(u) > 2 || Math.abs(v) > 3) return;
  const blend = (share: number, to: readonly [number, number, number]) => {
    for (const i of [0, 1, 2] as const) colour[i] += share * (to[i] - colour[i]);
  };
  const cover = (blob: Ellipse) => {
    const distance = ((u - blob.x) / blob.width) ** 2 + ((v - blob.y) / blob.height) ** 2;
    return 1 / (1 + Math.exp((distance - 1) / blob.soft));
  };
  const add = ([bx, by, w, h, soft, opacity, to]: Blob) =>
    blend(opacity * cover({ x: bx, y: by, width: w, height: h, soft }), to);
  add(HAIR);
  const light = Math.min(1.2, Math.max(0.4, 1.05 - 0.35 * u * u - 0.1 * v));
  const [red, green, blue] = skin;
  blend(cover(HEAD), [light * red, light * green, light * blue]);
  for (const feature of FEATURES) add(feature);
}
