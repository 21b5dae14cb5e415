import koffi from "koffi";
import type { CameraParameters } from "./camera-parameters.ts";
import { REG_INFO } from "./registration-fields.ts";

/** A pointer to an object of libfreenect: a context, a device or a callback. */
export type Handle = unknown;

/** The functions of libfreenect that are used. Negative results are errors. */
export interface Libfreenect {
  /** The file that was loaded. */
  readonly file: string;
  init(context: [Handle], usb: null): number;
  numDevices(context: Handle): number;
  selectSubdevices(context: Handle, devices: number): void;
  openDevice(context: Handle, device: [Handle], index: number): number;
  findDepthMode(resolution: number, format: number): unknown;
  findVideoMode(resolution: number, format: number): unknown;
  setDepthMode(device: Handle, mode: unknown): number;
  setVideoMode(device: Handle, mode: unknown): number;
  /** Sets the buffer for the next picture, which must not be freed while it is set. */
  setDepthBuffer(device: Handle, buffer: Uint8Array): number;
  setVideoBuffer(device: Handle, buffer: Uint8Array): number;
  setDepthCallback(device: Handle, callback: Handle): void;
  setVideoCallback(device: Handle, callback: Handle): void;
  startDepth(device: Handle): number;
  startVideo(device: Handle): number;
  stopDepth(device: Handle): number;
  stopVideo(device: Handle): number;
  closeDevice(device: Handle): number;
  shutdown(context: Handle): number;
  /** Waits for events in a thread of its own, for at most 1 s. */
  processEvents(context: Handle): Promise<number>;
  /** The parameters that the Kinect stores; undefined with fakenect. */
  readCameraParameters(device: Handle): CameraParameters | undefined;
  /** Makes a native callback; the thread that processes events waits until it returns. */
  onPicture(take: () => void): Handle;
}

/** libfreenect's constants: 640×480 pixels; raw depth as 11 of 16 bits; RGB; the cameras alone, without motor and microphones. */
export const RESOLUTION = 1;
export const DEPTH_11BIT = 0;
export const VIDEO_RGB = 0;
export const CAMERA = 2;

interface Registration {
  readonly info: Record<string, number>;
  readonly pad: { readonly start_lines: number };
  readonly plane: {
    readonly emitter: number;
    readonly colour: number;
    readonly distance: number;
    readonly pixel: number;
  };
  readonly const_shift: number;
}

/**
 * Loads the first library that can be loaded. May be called only once in a process.
 *
 * @throws {Error} with the loader's messages if none can be loaded.
 */
export function loadLibfreenect(candidates: readonly string[]): Libfreenect {
  const problems: string[] = [];
  for (const file of candidates) {
    try {
      return bind(koffi.load(file, { lazy: true }), file);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(problems.join("\n") || "no file with its name in the usual folders");
}

function bind(library: ReturnType<typeof koffi.load>, file: string): Libfreenect {
  koffi.struct("freenect_frame_mode", {
    reserved: "uint32",
    resolution: "int",
    format: "int32",
    bytes: "int32",
    width: "int16",
    height: "int16",
    data_bits: "int8",
    pad_bits: "int8",
    framerate: "int8",
    is_valid: "int8",
  });
  koffi.struct("timeval", { seconds: "long", microseconds: "long" });
  const callback = koffi.proto("void freenect_cb(void *dev, void *picture, uint32_t clock)");
  const numbers = Object.fromEntries(REG_INFO.split(" ").map((name) => [name, "int32"]));
  koffi.struct("freenect_reg_info", numbers);
  koffi.struct("freenect_reg_pad_info", {
    start_lines: "uint16",
    end_lines: "uint16",
    cropping_lines: "uint16",
  });
  koffi.struct("freenect_zero_plane_info", {
    emitter: "float",
    colour: "float",
    distance: "float",
    pixel: "float",
  });
  koffi.struct("freenect_registration", {
    info: "freenect_reg_info",
    pad: "freenect_reg_pad_info",
    plane: "freenect_zero_plane_info",
    const_shift: "double",
    raw_to_mm: "void *",
    depth_to_rgb: "void *",
    table: "void *",
  });
  const f = <Type>(prototype: string) => library.func(prototype) as unknown as Type;
  const processEvents = library.func(
    "int freenect_process_events_timeout(void *ctx, timeval *timeout)",
  );
  const registration = optional(() => ({
    copy: f<(device: Handle) => Registration>(
      "freenect_registration freenect_copy_registration(void *dev)",
    ),
    destroy: f<(copy: Registration) => number>(
      "int freenect_destroy_registration(freenect_registration *reg)",
    ),
  }));
  return {
    file,
    init: f("int freenect_init(_Out_ void **ctx, void *usb)"),
    numDevices: f("int freenect_num_devices(void *ctx)"),
    selectSubdevices: f("void freenect_select_subdevices(void *ctx, int devices)"),
    openDevice: f("int freenect_open_device(void *ctx, _Out_ void **dev, int index)"),
    findDepthMode: f("freenect_frame_mode freenect_find_depth_mode(int resolution, int format)"),
    findVideoMode: f("freenect_frame_mode freenect_find_video_mode(int resolution, int format)"),
    setDepthMode: f("int freenect_set_depth_mode(void *dev, freenect_frame_mode mode)"),
    setVideoMode: f("int freenect_set_video_mode(void *dev, freenect_frame_mode mode)"),
    setDepthBuffer: f("int freenect_set_depth_buffer(void *dev, void *buffer)"),
    setVideoBuffer: f("int freenect_set_video_buffer(void *dev, void *buffer)"),
    setDepthCallback: f("void freenect_set_depth_callback(void *dev, freenect_cb *callback)"),
    setVideoCallback: f("void freenect_set_video_callback(void *dev, freenect_cb *callback)"),
    startDepth: f("int freenect_start_depth(void *dev)"),
    startVideo: f("int freenect_start_video(void *dev)"),
    stopDepth: f("int freenect_stop_depth(void *dev)"),
    stopVideo: f("int freenect_stop_video(void *dev)"),
    closeDevice: f("int freenect_close_device(void *dev)"),
    shutdown: f("int freenect_shutdown(void *ctx)"),
    processEvents: (context) =>
      new Promise((resolve, reject) => {
        const second = { seconds: 1, microseconds: 0 };
        processEvents.async(context, second, (error: unknown, result: number) => {
          if (error instanceof Error) reject(error);
          else resolve(result);
        });
      }),
    readCameraParameters(device) {
      if (registration === undefined) return undefined;
      const copy = registration.copy(device);
      registration.destroy(copy);
      const { info, pad, plane, const_shift } = copy;
      return {
        zeroPlane: {
          emitterDistance: plane.emitter,
          colourDistance: plane.colour,
          referenceDistance: plane.distance,
          referencePixelSize: plane.pixel,
        },
        constShift: const_shift,
        distortion: info,
        startLines: pad.start_lines,
      };
    },
    onPicture: (take) => koffi.register(() => take(), koffi.pointer(callback)),
  };
}

/** Functions that some versions of the library lack; then they are undefined. */
function optional<Type>(bindFunctions: () => Type): Type | undefined {
  try {
    return bindFunctions();
  } catch {
    return undefined;
  }
}
