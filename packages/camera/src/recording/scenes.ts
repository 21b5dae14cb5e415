import type { Camera } from "./render.ts";
import { FACE, type FaceTexture } from "./face-textures.ts";
import { body, head, print, type Pose, type SceneObject } from "./objects.ts";

/**
 * The truth about a face in a synthetic picture: a head, or a photograph that must not be taken for
 * a head.
 */
export interface TrueFace {
  /** Name of the face, the same throughout the recording. */
  readonly id: string;
  /** `face` for a head, `flat` or `bent` for a printed photograph. */
  readonly kind: "face" | "flat" | "bent";
  /** Name of the face texture. */
  readonly picture: string;
  /** [x, y, width, height] in pixels of the colour picture; may extend beyond its edge. */
  readonly box: readonly [number, number, number, number];
  /** Distance of the nearest point of a head without its nose, or of the middle of a photograph. */
  readonly distanceMm: number;
  readonly yawDegrees: number;
  readonly pitchDegrees: number;
  /** By how much the paper curves back at the edge of the face. */
  readonly bendMm: number;
}

/** A scene at one moment. */
export interface Moment {
  readonly objects: readonly SceneObject[];
  readonly faces: readonly { readonly truth: Omit<TrueFace, "box">; readonly pose: Pose }[];
}

const DEGREE = Math.PI / 180;
/** By how much a bent photograph curves back, in metres. */
const BEND = 0.02;

interface Actor extends Omit<TrueFace, "box" | "distanceMm" | "yawDegrees" | "pitchDegrees"> {
  readonly texture: FaceTexture;
  /** @param at 0 at the beginning, 1 at the end. */
  readonly pose: (at: number) => Pose;
}

/** The scenes that can be synthesised; `app:record -- --help` describes them. */
export type SceneName = "head" | "flat" | "bent" | "people" | "mixed";

/** Oscillates between two values: `low` at the beginning and the end, `high` `cycles` times between. */
function oscillate(at: number, [low, high]: readonly [number, number], cycles = 1): number {
  return low + (high - low) * (0.5 - 0.5 * Math.cos(2 * Math.PI * cycles * at));
}

/**
 * The state of a scene at a time.
 *
 * @param faces at least one; used in order, and again from the first if there are too few.
 * @param at 0 at the beginning, 1 at the end.
 */
export function sceneAt(scene: SceneName, faces: readonly FaceTexture[], at: number): Moment {
  const texture = (i: number) => {
    const face = faces[i % faces.length];
    if (face === undefined) throw new RangeError("a scene needs at least one face");
    return face;
  };
  const actors = cast(scene, texture, at);
  return {
    objects: actors.flatMap(({ kind, texture, bendMm, pose }) => {
      const now = pose(at);
      return kind === "face" ? personAt(now, texture) : [print(now, texture, bendMm / 1000)];
    }),
    faces: actors.map(({ id, kind, picture, bendMm, pose }) => {
      const now = pose(at);
      const truth = {
        id,
        kind,
        picture,
        distanceMm: Math.round(now.z * 1000),
        yawDegrees: Math.round(now.yaw / DEGREE),
        pitchDegrees: Math.round(now.pitch / DEGREE),
        bendMm,
      };
      return { truth, pose: now };
    }),
  };
}

/** A head with neck and shoulders. */
export function personAt(pose: Pose, texture: FaceTexture): SceneObject[] {
  const neck = { ...pose, y: pose.y + 0.15, z: pose.z + 0.07 };
  const shoulders = { ...pose, y: pose.y + 0.5, z: pose.z + 0.05 };
  return [
    head(pose, texture),
    body(neck, { width: 0.06, height: 0.1, depth: 0.06 }, [190, 150, 125]),
    body(shoulders, { width: 0.23, height: 0.3, depth: 0.12 }, [60, 75, 110]),
  ];
}

function cast(scene: SceneName, texture: (i: number) => FaceTexture, at: number): Actor[] {
  const person = (number: number, pose: Actor["pose"]): Actor => ({
    id: `person ${number + 1}`,
    kind: "face",
    texture: texture(number),
    picture: texture(number).name,
    bendMm: 0,
    pose,
  });
  const photograph = (kind: "flat" | "bent", number: number, pose: Actor["pose"]): Actor => ({
    id: `photograph ${number + 1}`,
    kind,
    texture: texture(number),
    picture: texture(number).name,
    bendMm: kind === "bent" ? BEND * 1000 : 0,
    pose,
  });
  const standing = (x: number, z: number, phase: number) => (now: number) => ({
    x: x + 0.04 * Math.sin(2 * Math.PI * (now + phase)),
    y: 0.03 * Math.sin(4 * Math.PI * (now + phase)),
    z: z + 0.1 * Math.sin(2 * Math.PI * (now + 2 * phase)),
    yaw: 12 * DEGREE * Math.sin(2 * Math.PI * (now + phase)),
    pitch: 6 * DEGREE * Math.sin(6 * Math.PI * now),
  });
  const heldUp = (now: number) => ({
    x: 0.1 * Math.sin(4 * Math.PI * now),
    y: 0.04 * Math.sin(6 * Math.PI * now),
    z: oscillate(now, [0.6, 2]),
    yaw: 30 * DEGREE * Math.sin(6 * Math.PI * now),
    pitch: 20 * DEGREE * Math.sin(10 * Math.PI * now),
  });
  switch (scene) {
    case "head":
      return [person(0, (now) => ({ ...standing(0, 1, 0)(now), z: oscillate(now, [0.7, 2]) }))];
    case "flat":
    case "bent":
      return [photograph(scene, 0, heldUp)];
    case "people":
      return [
        person(0, standing(-0.26, 0.95, 0)),
        person(1, standing(0.08, 1.5, 0.3)),
        person(2, standing(0.75, 2.2, 0.6)),
      ];
    case "mixed":
      return [
        person(0, standing(-0.22, 1.1, 0)),
        photograph(at < 0.5 ? "flat" : "bent", at < 0.5 ? 1 : 2, (now) => ({
          ...heldUp(now),
          x: 0.25 + 0.04 * Math.sin(4 * Math.PI * now),
          z: oscillate(now, [0.9, 1.4], 2),
        })),
      ];
  }
}

/** Average distance of a face behind the nearest point of its head, in metres. */
const FACE_BEHIND = 0.03;

/** A face's box in the colour camera's picture, in pixels. */
export function boxOf(
  pose: Pose,
  kind: TrueFace["kind"],
  { focalLength, centre }: Pick<Camera, "focalLength" | "centre">,
) {
  const scale = focalLength / (pose.z + (kind === "face" ? FACE_BEHIND : 0));
  const round = (n: number) => Math.round(10 * n) / 10;
  const box: [number, number, number, number] = [
    round(centre[0] + (pose.x - FACE.width / 2) * scale),
    round(centre[1] + (pose.y + FACE.below - FACE.height / 2) * scale),
    round(FACE.width * scale),
    round(FACE.height * scale),
  ];
  return box;
}
