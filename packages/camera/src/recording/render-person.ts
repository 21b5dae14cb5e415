import { DEFAULT_CAMERA_PARAMETERS } from "../kinect/camera-parameters.ts";
import { HEIGHT, WIDTH } from "../kinect/picture-size.ts";
import type { FaceTexture } from "./face-textures.ts";
import { kinectCameras, renderColour } from "./render.ts";
import { boxOf, personAt, type TrueFace } from "./scenes.ts";
import { noiseTable } from "./sensor.ts";
import { COLOUR_NOISE } from "./synthesize.ts";

/** How far the wall is behind the head, in metres. */
const BEHIND = 1;

/**
 * The picture that a Kinect's colour camera takes of one person, 640×480.
 *
 * @param place of the head, in metres from the middle of the picture, and its distance.
 * @returns RGB, uint8 [height, width, 3], and the box of the face.
 */
export function renderPerson(
  texture: FaceTexture,
  place: { readonly x: number; readonly y: number; readonly distance: number },
  seed: number,
): { width: number; height: number; pixels: Uint8Array; box: TrueFace["box"] } {
  const { colour } = kinectCameras(DEFAULT_CAMERA_PARAMETERS);
  const { x, y, distance } = place;
  const pose = { x, y, z: distance, yaw: 0, pitch: 0 };
  const noise = noiseTable(seed, "colour");
  const camera = { ...colour, wall: distance + BEHIND };
  const pixels = renderColour(personAt(pose, texture), camera, (at) => COLOUR_NOISE * noise(at));
  return { width: WIDTH, height: HEIGHT, pixels, box: boxOf(pose, "face", colour) };
}
