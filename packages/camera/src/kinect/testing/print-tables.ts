// Writes the tables that the real libfreenect computes from camera parameters to a file, and prints
// its path. libfreenect reads the parameters from a device; here a block of memory takes the place
// of the device, and a pattern finds the offset of the parameters in it.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import koffi from "koffi";
import { REG_INFO } from "../registration-fields.ts";
import type { CameraParameters } from "../camera-parameters.ts";

const [file, json] = process.argv.slice(2) as [string, string];
const { zeroPlane, constShift, distortion } = JSON.parse(json) as CameraParameters;
const names = REG_INFO.split(" ");
const floats = ["emitter", "colour", "distance", "pixel"];
koffi.struct("registration", {
  ...Object.fromEntries(names.map((name) => [name, "int32"])),
  start: "uint16",
  end: "uint16",
  cropping: "uint16",
  ...Object.fromEntries(floats.map((name) => [name, "float"])),
  const_shift: "double",
  raw: "void *",
  shift: "void *",
  table: "void *",
});
const copy = koffi
  .load(file)
  .func("registration freenect_copy_registration(void *dev)") as unknown as (
  device: Int32Array,
) => Record<string, number | bigint>;

const device = Int32Array.from({ length: 1 << 14 }, (_, i) => i);
const place = Number(copy(device)["dx_center"]);
device.fill(0);
device.set(
  names.map((name) => distortion[name] ?? 0),
  place,
);
const view = new DataView(device.buffer, 4 * place);
const plane = [
  zeroPlane.emitterDistance,
  zeroPlane.colourDistance,
  zeroPlane.referenceDistance,
  zeroPlane.referencePixelSize,
];
// After 29 numbers and three short ones, which are filled up to 124 bytes.
plane.forEach((value, i) => view.setFloat32(124 + 4 * i, value, true));
view.setFloat64(144, constShift, true);
const tables = copy(device);
const bytes = (name: string, length: number) =>
  Buffer.from(koffi.view(tables[name] as never, length));
const out = path.join(mkdtempSync(path.join(tmpdir(), "mien-tables-")), "tables.bin");
writeFileSync(
  out,
  Buffer.concat([
    bytes("raw", 2048 * 2),
    bytes("shift", 10_000 * 4),
    bytes("table", 640 * 480 * 2 * 4),
  ]),
);
console.log(out);
