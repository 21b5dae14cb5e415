import { MienError } from "@mien/format";

/** The geometry of a Kinect's depth camera, as the device stores it. */
export interface ZeroPlane {
  /** Distance between the infrared camera and its projector, in centimetres. */
  readonly emitterDistance: number;
  /** Distance between the infrared and the colour camera, in centimetres. */
  readonly colourDistance: number;
  /** Distance of the plane at which the infrared pattern was recorded in the factory, in centimetres. */
  readonly referenceDistance: number;
  /** Width that a pixel of the sensor, which is 1280 pixels wide, covers in that plane, in centimetres. */
  readonly referencePixelSize: number;
}

/** What one Kinect stores about its cameras; needed to turn raw depth into a depth map of the colour camera. */
export interface CameraParameters {
  readonly zeroPlane: ZeroPlane;
  /** Offset of the disparity that the sensor reports, in pixels of the sensor; usually 200. */
  readonly constShift: number;
  /** Coefficients of the lens correction by libfreenect's names; a missing one is 0. */
  readonly distortion: Readonly<Record<string, number>>;
  /** Number of lines that are missing at the top of a depth map. */
  readonly startLines: number;
}

/** libfreenect's constants, for a Kinect whose parameters are not known; without lens correction. */
export const DEFAULT_CAMERA_PARAMETERS: CameraParameters = {
  zeroPlane: {
    emitterDistance: 7.5,
    colourDistance: 2.3,
    referenceDistance: 120,
    referencePixelSize: 0.1042,
  },
  constShift: 200,
  distortion: {},
  startLines: 0,
};

/** Width of a pixel of a picture (640 pixels wide) in pixels of the sensor (1280). */
export const SENSOR_PIXELS = 2;

/** Focal length of the depth camera in pixels of its 640×480 picture. */
export function focalLengthOf({ referenceDistance, referencePixelSize }: ZeroPlane): number {
  return referenceDistance / (SENSOR_PIXELS * referencePixelSize);
}

/** Names of the lens correction's coefficients in recordings. */
const DISTORTION =
  "ax bx cx dx ay by cy dy dx_start dy_start dx_beta_start dy_beta_start dx_beta_inc dy_beta_inc " +
  "dxdx_start dxdy_start dydx_start dydy_start dxdxdx_start dydxdx_start dxdxdy_start " +
  "dydxdy_start dydydx_start dydydy_start";
const DISTORTION_NAMES: readonly string[] = DISTORTION.split(" ");

/** Camera parameters in the format of fakenect's `device.json`. */
export function toDeviceJson(cameraParameters: CameraParameters): unknown {
  const { zeroPlane, constShift, distortion, startLines } = cameraParameters;
  return {
    reg_info: {
      ...Object.fromEntries(DISTORTION_NAMES.map((name) => [name, distortion[name] ?? 0])),
      pad_info: { start_lines: startLines, end_lines: 0, cropping_lines: 0 },
      zero_plane_info: {
        dcmos_emitter_distance: zeroPlane.emitterDistance,
        dcmos_rcmos_distance: zeroPlane.colourDistance,
        reference_distance: zeroPlane.referenceDistance,
        reference_pixel_size: zeroPlane.referencePixelSize,
      },
    },
    const_shift: constShift,
  };
}

/**
 * Checks the content of a `device.json`.
 *
 * @param content parsed JSON.
 * @param where the file, for the error message.
 * @throws {MienError} `bad-data` if a number is missing or not positive.
 */
export function fromDeviceJson(content: unknown, where: string): CameraParameters {
  const info = property(content, "reg_info");
  const plane = property(info, "zero_plane_info");
  const positive = (name: string): number => {
    const value = property(plane, name);
    if (typeof value === "number" && value > 0 && value < Infinity) return value;
    throw new MienError(
      "bad-data",
      `${where} holds no camera parameters of a Kinect: expected a positive number at ` +
        `reg_info.zero_plane_info.${name}, found ${JSON.stringify(value) ?? "nothing"}`,
    );
  };
  const numberOr = (value: unknown, otherwise: number) =>
    typeof value === "number" && Number.isFinite(value) ? value : otherwise;
  return {
    zeroPlane: {
      emitterDistance: positive("dcmos_emitter_distance"),
      colourDistance: positive("dcmos_rcmos_distance"),
      referenceDistance: positive("reference_distance"),
      referencePixelSize: positive("reference_pixel_size"),
    },
    constShift: numberOr(property(content, "const_shift"), DEFAULT_CAMERA_PARAMETERS.constShift),
    distortion: Object.fromEntries(
      DISTORTION_NAMES.map((name) => [name, numberOr(property(info, name), 0)]),
    ),
    startLines: numberOr(property(property(info, "pad_info"), "start_lines"), 0),
  };
}

/** A property of a value that may be an object; undefined if it has none. */
function property(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}
