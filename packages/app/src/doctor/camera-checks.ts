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
import { failed, passed, type Check } from "./check.ts";

const FFMPEG = { name: "ffmpeg", needed: "videos" } as const;
const WEBCAMS = { name: "webcams", needed: "webcams" } as const;
const KINECT_LIBRARY = { name: "kinect library", needed: "kinect" } as const;
const KINECT = { name: "kinect", needed: "kinect" } as const;
const KINECT_KERNEL_MODULE = { name: "kinect kernel module", needed: "kinect" } as const;
const KINECT_PERMISSIONS = { name: "kinect permissions", needed: "kinect" } as const;
const KINECT_FIRMWARE = { name: "kinect firmware", needed: "kinect" } as const;

export async function checkFfmpeg(): Promise<Check> {
  try {
    const { version } = await findFfmpeg();
    return passed(FFMPEG, version);
  } catch (error) {
    const advice = error instanceof MienError ? error.advice : undefined;
    return failed(FFMPEG, messageOf(error), advice ?? "");
  }
}

export async function checkWebcams(): Promise<Check> {
  const webcams = await listWebcams().catch(() => []);
  if (webcams.length === 0) {
    return failed(WEBCAMS, "none found", "plug in a webcam");
  }
  const names = webcams.map(({ number, label }) => `webcam:${number} ${label}`).join(", ");
  if (process.platform !== "linux") return passed(WEBCAMS, names);
  for (const { number } of webcams) {
    const device = `/dev/video${number}`;
    const isReadable = await canOpen(device);
    if (isReadable) continue;
    const remedy = "sudo usermod -aG video $USER, then log in again";
    return failed(WEBCAMS, `${device} may not be opened`, remedy);
  }
  return passed(WEBCAMS, names);
}

function canOpen(device: string): Promise<boolean> {
  return access(device, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** Checks everything that a Kinect needs, one by one. */
export async function checkKinect(): Promise<Check[]> {
  const { library, devices, failure } = await probeKinect();
  if (library === undefined) {
    const { message, advice } = failure ?? explainKinect({ step: "library", detail: "" });
    return [failed(KINECT_LIBRARY, message, advice ?? "")];
  }
  const checks = [passed(KINECT_LIBRARY, library)];
  if (process.platform === "linux") checks.push(await checkModule(), await checkRules());
  checks.push(await checkFirmware());
  if (failure !== undefined) {
    checks.push(failed(KINECT, failure.message, failure.advice ?? ""));
  } else if (devices === 0) {
    const { message, advice } = explainKinect({ step: "device", detail: "0" });
    checks.push(failed(KINECT, message, advice ?? ""));
  } else {
    checks.push(passed(KINECT, `${devices} connected, the first one opens`));
  }
  return checks;
}

/** Checks that the kernel's driver of the Kinect's camera, which blocks libfreenect, is not loaded. */
async function checkModule(): Promise<Check> {
  const modules = await readFile("/proc/modules", "utf8").catch(() => "");
  return /^gspca_kinect /m.test(modules)
    ? failed(KINECT_KERNEL_MODULE, "gspca_kinect is loaded", MODULE_REMEDY)
    : passed(KINECT_KERNEL_MODULE, "gspca_kinect is not loaded");
}

/** Checks whether users other than root may open a Kinect. */
async function checkRules(): Promise<Check> {
  if (process.getuid?.() === 0) return passed(KINECT_PERMISSIONS, "this is root");
  for (const folder of ["/etc/udev/rules.d", "/lib/udev/rules.d", "/usr/lib/udev/rules.d"]) {
    for (const file of await readdir(folder).catch((): string[] => [])) {
      const rules = await readFile(path.join(folder, file), "utf8").catch(() => "");
      if (/045e[^]*02a/i.test(rules)) return passed(KINECT_PERMISSIONS, path.join(folder, file));
    }
  }
  return failed(KINECT_PERMISSIONS, "no udev rule for the Kinect", UDEV_REMEDY);
}

/** Looks for the firmware of later models, which motor and lamp need, but not the camera. */
async function checkFirmware(): Promise<Check> {
  const folders = [
    path.join(os.homedir(), ".libfreenect"),
    "/usr/local/share/libfreenect",
    "/usr/share/libfreenect",
    "/opt/homebrew/share/libfreenect",
  ];
  for (const folder of folders) {
    const names = await readdir(folder).catch((): string[] => []);
    if (names.includes("audios.bin")) return passed(KINECT_FIRMWARE, folder);
  }
  return passed(
    KINECT_FIRMWARE,
    "no audios.bin: models 1473 and 1517 have no motor and lamp; their camera works",
  );
}
