import { MienError } from "@mien/format";

/** The Kinect's own measurements of its depth camera, in centimetres and millimetres as it keeps them. */
export interface ZeroPlane {
  /** Between the infrared camera and its projector, in centimetres. */
  readonly emitterDistance: number;
  /** Between the infrared and the colour camera, in centimetres. */
  readonly colourDistance: number;
  /** Of the plane at which the pattern was learnt, in centimetres. */
  readonly referenceDistance: number;
  /** Of one pixel of the 1280 pixels wide sensor, carried to that plane, in centimetres. */
  readonly referencePixelSize: number;
}

/** What one Kinect knows about itself: it turns raw depth into millimetres seen by the colour camera. */
export interface Calibration {
  readonly zeroPlane: ZeroPlane;
  /** Added to the disparity by the sensor; 200. */
  readonly constShift: number;
  /** Coefficients of the lens correction by libfreenect's names; one that is missing is 0. */
  readonly distortion: Readonly<Record<string, number>>;
  /** Lines that are missing at the top of a depth map. */
  readonly startLines: number;
}

/** libfreenect's own constants, which fit a Kinect without a calibration; no lens correction. */
export const DEFAULT_CALIBRATION: Calibration = {
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

/** Width of a pixel of a 640-pixel picture in pixels of the sensor. */
export const SENSOR_PIXELS = 2;

/** Focal length of the depth camera in pixels of its 640×480 picture. */
export function focalLengthOf({ referenceDistance, referencePixelSize }: ZeroPlane): number {
  return referenceDistance / (SENSOR_PIXELS * referencePixelSize);
}

/** The lens correction's coefficients, as recordings name them. */
const DISTORTION =
  "ax bx cx dx ay by cy dy dx_start dy_start dx_beta_start dy_beta_start dx_beta_inc dy_beta_inc " +
  "dxdx_start dxdy_start dydx_start dydy_start dxdxdx_start dydxdx_start dxdxdy_start " +
  "dydxdy_start dydydx_start dydydy_start";
export const DISTORTION_NAMES: readonly string[] = DISTORTION.split(" ");

/** A calibration as fakenect's `device.json` holds it. */
export function toDeviceJson(calibration: Calibration): unknown {
  const { zeroPlane, constShift, distortion, startLines } = calibration;
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
 * Reads the content of a `device.json`.
 *
 * @param where for the error.
 * @throws {MienError} `bad-data` if a number is missing or impossible.
 */
export function fromDeviceJson(content: unknown, where: string): Calibration {
  const object = (value: unknown): Record<string, unknown> =>
    typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const root = object(content);
  const info = object(root["reg_info"]);
  const plane = object(info["zero_plane_info"]);
  const positive = (name: string): number => {
    const value = plane[name];
    if (typeof value === "number" && value > 0 && value < Infinity) return value;
    throw new MienError(
      "bad-data",
      `${where} is no Kinect calibration: expected a positive number at ` +
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
    constShift: numberOr(root["const_shift"], DEFAULT_CALIBRATION.constShift),
    distortion: Object.fromEntries(DISTORTION_NAMES.map((name) => [name, numberOr(info[name], 0)])),
    startLines: numberOr(object(info["pad_info"])["start_lines"], 0),
  };
}
