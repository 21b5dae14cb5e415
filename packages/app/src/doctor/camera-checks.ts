import { access, constants, readdir, readFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { messageOf, MienError } from "@mien/format";
import {
  explainKinect,
  findFfmpeg,
  listWebcams,
  MODULE_REMEDY,
  probeKinect,
  UDEV_REMEDY,
} from "@mien/camera";
import { broken, fine, type Check } from "./check.ts";

export async function checkFfmpeg(): Promise<Check> {
  try {
    const { version } = await findFfmpeg();
    return fine("ffmpeg", "videos", version);
  } catch (error) {
    const { advice } = error as MienError;
    return broken("ffmpeg", "videos", messageOf(error), advice ?? "");
  }
}

export async function checkWebcams(): Promise<Check> {
  const webcams = await listWebcams().catch(() => []);
  if (webcams.length === 0) {
    return broken("webcams", "webcams", "none found", "plug one in");
  }
  const names = webcams.map(({ number, label }) => `webcam:${number} ${label}`).join(", ");
  if (process.platform !== "linux") return fine("webcams", "webcams", names);
  for (const { number } of webcams) {
    const device = `/dev/video${number}`;
    const isReadable = await canOpen(device);
    if (isReadable) continue;
    const remedy = "sudo usermod -aG video $USER, then log in again";
    return broken("webcams", "webcams", `${device} may not be opened`, remedy);
  }
  return fine("webcams", "webcams", names);
}

function canOpen(device: string): Promise<boolean> {
  return access(device, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** Everything between a Kinect and its frames, each as a check of its own. */
export async function checkKinect(): Promise<Check[]> {
  const { library, devices, failure } = await probeKinect();
  if (library === undefined) {
    const { message, advice } = failure ?? explainKinect({ step: "library", detail: "" });
    return [broken("kinect library", "kinect", message, advice ?? "")];
  }
  const checks = [fine("kinect library", "kinect", library)];
  if (process.platform === "linux") checks.push(await checkModule(), await checkRules());
  checks.push(await checkFirmware());
  if (failure !== undefined) {
    checks.push(broken("kinect", "kinect", failure.message, failure.advice ?? ""));
  } else if (devices === 0) {
    const { message, advice } = explainKinect({ step: "device", detail: "0" });
    checks.push(broken("kinect", "kinect", message, advice ?? ""));
  } else {
    checks.push(fine("kinect", "kinect", `${devices} connected, the first one opens`));
  }
  return checks;
}

/** Linux' own driver for the Kinect's camera keeps libfreenect out. */
async function checkModule(): Promise<Check> {
  const modules = await readFile("/proc/modules", "utf8").catch(() => "");
  return /^gspca_kinect /m.test(modules)
    ? broken("kinect kernel module", "kinect", "gspca_kinect is loaded", MODULE_REMEDY)
    : fine("kinect kernel module", "kinect", "gspca_kinect is not loaded");
}

/** Whether users other than root may open a Kinect. */
async function checkRules(): Promise<Check> {
  const name = "kinect permissions";
  if (process.getuid?.() === 0) return fine(name, "kinect", "this is root");
  for (const folder of ["/etc/udev/rules.d", "/lib/udev/rules.d", "/usr/lib/udev/rules.d"]) {
    for (const file of await readdir(folder).catch(() => [] as string[])) {
      const rules = await readFile(path.join(folder, file), "utf8").catch(() => "");
      if (/045e[^]*02a/i.test(rules)) return fine(name, "kinect", path.join(folder, file));
    }
  }
  return broken(name, "kinect", "no udev rule for it", UDEV_REMEDY);
}

/** Later models need a firmware for motor and lamp, which the camera works without. */
async function checkFirmware(): Promise<Check> {
  const folders = [
    path.join(os.homedir(), ".libfreenect"),
    "/usr/local/share/libfreenect",
    "/usr/share/libfreenect",
    "/opt/homebrew/share/libfreenect",
  ];
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => [] as string[]);
    if (names.includes("audios.bin")) return fine("kinect firmware", "kinect", folder);
  }
  return fine(
    "kinect firmware",
    "kinect",
    "no audios.bin: models 1473 and 1517 have no motor and lamp; their camera works",
  );
}
