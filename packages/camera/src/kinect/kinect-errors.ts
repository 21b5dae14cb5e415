import { MienError } from "@mien/format";
import { installHint } from "../install-hint.ts";
import type { KinectStep } from "./kinect-messages.ts";

/** libusb's names for what libfreenect hands through. */
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
/** Lets every user open a Kinect's three devices. */
const RULE =
  'SUBSYSTEM=="usb", ATTR{idVendor}=="045e", ATTR{idProduct}=="02a[de]|02b0", MODE="0666"';
export const UDEV_REMEDY =
  `Allow it with a udev rule: echo '${RULE}' | sudo tee ${RULES}; ` +
  "sudo udevadm control --reload-rules; then plug the Kinect in anew.";
export const MODULE_REMEDY =
  "Linux' own webcam driver holds it: sudo modprobe -r gspca_kinect; for good: " +
  "echo blacklist gspca_kinect | sudo tee /etc/modprobe.d/kinect.conf";
const PLUG_REMEDY =
  "Connect its USB plug and its own power supply (without it only the motor is there), to a USB 2 " +
  "port if there is one; `lsusb` lists it as 045e:02ae.";

/**
 * Says why the Kinect cannot be used.
 *
 * @param detail what went wrong natively: libusb's number, or the loader's complaint.
 * @param log what libfreenect printed.
 */
export function explainKinect(
  step: KinectStep,
  detail: string,
  log = "",
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
        : "Close other programs that use the Kinect, and plug it in anew.",
    );
  }
  if (code === "-12" && platform === "win32") {
    return say(
      "the Kinect has no driver that libusb can use",
      "Give its camera the libusbK driver with the program Zadig.",
    );
  }
  if (step === "usb") {
    return say(`USB cannot be used (${name})`, "In a container, pass /dev/bus/usb through to it.");
  }
  if (step === "events") return say(`the Kinect was lost (${name})`, PLUG_REMEDY);
  return say(
    `the Kinect cannot be ${step === "open" ? "opened" : "started"} (${name})`,
    PLUG_REMEDY,
  );
}
