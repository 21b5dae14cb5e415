import { MienError } from "@mien/format";
import { installHint } from "../system/install-hint.ts";
import type { KinectStep } from "./kinect-messages.ts";

/** The meaning of libusb's error numbers, which libfreenect passes on. */
const USB_ERRORS: Readonly<Record<string, string>> = {
  "-1": "input/output error",
  "-3": "access denied",
  "-4": "no such device",
  "-5": "not found",
  "-6": "busy",
  "-7": "timeout",
  "-9": "pipe error",
  "-11": "out of memory",
  "-12": "not supported",
};

const RULES = "/etc/udev/rules.d/60-libfreenect.rules";
/** A udev rule that lets every user open the three USB devices of a Kinect. */
const RULE =
  'SUBSYSTEM=="usb", ATTR{idVendor}=="045e", ATTR{idProduct}=="02a[de]|02b0", MODE="0666"';
/** What to do if a user may not open the Kinect on Linux. */
export const UDEV_REMEDY =
  `Allow it with a udev rule: echo '${RULE}' | sudo tee ${RULES}; ` +
  "sudo udevadm control --reload-rules; then unplug the Kinect and plug it in again.";
/** What to do if Linux's own webcam driver uses the Kinect. */
export const MODULE_REMEDY =
  "Linux's own webcam driver uses the Kinect. To unload the driver: sudo modprobe -r gspca_kinect; to disable it permanently: " +
  "echo blacklist gspca_kinect | sudo tee /etc/modprobe.d/kinect.conf";
const PLUG_REMEDY =
  "Connect the power supply of the Kinect (without power, only the motor is found), and plug it into a USB 2 " +
  "port if there is one. Then `lsusb` lists the camera as 045e:02ae.";

/** What a Kinect's process reported. */
export interface KinectFailure {
  readonly step: KinectStep;
  readonly detail: string;
  readonly log?: string;
}

/**
 * Explains why the Kinect cannot be used.
 *
 * @param failure.step the step that failed.
 * @param failure.detail libusb's error number, or the loader's message.
 * @param failure.log what libfreenect printed. Default nothing.
 */
export function explainKinect(
  { step, detail, log = "" }: KinectFailure,
  platform: NodeJS.Platform = process.platform,
): MienError {
  const say = (problem: string, advice: string) =>
    new MienError("environment", problem, { advice, cause: new Error(`${detail}\n${log}`.trim()) });
  if (step === "library") {
    return /cannot open shared object|no such file|no file with its name|not found|126/i.test(
      detail,
    )
      ? say(
          "libfreenect, which reads a Kinect, is not installed",
          installHint("libfreenect", platform),
        )
      : say(`libfreenect cannot be loaded: ${detail}`, installHint("libfreenect", platform));
  }
  if (step === "device") return say("no Kinect was found", PLUG_REMEDY);
  // libfreenect often returns -1 and prints libusb's number.
  const printed = /Could not [^\n]*?: (?:LIBUSB_ERROR_\w+|(-\d+))/.exec(log)?.[1];
  const code = printed ?? detail;
  const name = USB_ERRORS[code] ?? `error ${code}`;
  if (code === "-3" || /LIBUSB_ERROR_ACCESS/.test(log)) {
    return say(
      "the Kinect may not be opened by this user",
      platform === "linux" ? UDEV_REMEDY : "Run the command once with administrator rights.",
    );
  }
  const isBusy = code === "-6" || code === "-5" || /LIBUSB_ERROR_(BUSY|NOT_FOUND)/.test(log);
  if (step === "open" && isBusy) {
    return say(
      "the Kinect is in use by a kernel driver or another program",
      platform === "linux"
        ? MODULE_REMEDY
        : "Close other programs that use the Kinect, then unplug it and plug it in again.",
    );
  }
  if (code === "-12" && platform === "win32") {
    return say(
      "the Kinect has no driver that libusb can use",
      "Install the libusbK driver for its camera with the program Zadig.",
    );
  }
  if (step === "usb") {
    return say(
      `USB cannot be used (${name})`,
      "If mien runs in a container, give the container access to /dev/bus/usb.",
    );
  }
  if (step === "events") return say(`the Kinect was lost (${name})`, PLUG_REMEDY);
  return say(
    `the Kinect cannot be ${step === "open" ? "opened" : "started"} (${name})`,
    PLUG_REMEDY,
  );
}
