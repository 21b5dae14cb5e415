import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { explainKinect } from "./kinect-errors.ts";
import { findLibfreenect } from "./libfreenect-paths.ts";

describe("a native error is explained, with what to do about it", () => {
  it.each([
    ["open", "-3", "", "linux", /may not be opened by this user/, /udev rule: echo 'SUBSYSTEM/],
    ["open", "-1", "Could not open camera: -3", "linux", /may not be opened/, /udevadm control/],
    ["open", "-1", "Could not open camera: LIBUSB_ERROR_ACCESS", "linux", /may not/, /udev/],
    ["open", "-3", "", "darwin", /may not be opened/, /administrator/],
    ["open", "-5", "", "linux", /kernel driver/, /modprobe -r gspca_kinect/],
    ["open", "-1", "Could not claim interface on camera: -6", "linux", /kernel/, /gspca_kinect/],
    ["open", "-6", "", "darwin", /in use/, /Close other programs/],
    ["open", "-12", "", "win32", /no driver/, /Zadig/],
    ["open", "-4", "", "linux", /cannot be opened \(no such device\)/, /power supply/],
    ["device", "0", "", "linux", /no Kinect was found/, /045e:02ae/],
    ["events", "-4", "", "linux", /was lost \(no such device\)/, /power supply/],
    ["start", "-9", "", "linux", /cannot be started \(pipe error\)/, /power supply/],
    ["usb", "-99", "", "linux", /USB cannot be used \(error -99\)/, /\/dev\/bus\/usb/],
    [
      "library",
      "x.so: cannot open shared object file",
      "",
      "linux",
      /not installed/,
      /dnf install/,
    ],
    ["library", "dlopen: no such file", "", "darwin", /not installed/, /brew install libfreenect/],
    ["library", "", "", "win32", /cannot be loaded/, /vcpkg/],
  ] as const)("%s %s %s on %s", (...[step, detail, log, platform, problem, remedy]) => {
    const error = explainKinect({ step, detail, log }, platform);
    expect(error.message).toMatch(problem);
    expect(error.advice).toMatch(remedy);
    expect(error.code).toBe("environment");
  });
});

describe("libfreenect is looked up", () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(path.join(tmpdir(), "mien-libraries-"));
    for (const file of [
      "opt/homebrew/lib/libfreenect.0.dylib",
      "usr/lib/x86_64-linux-gnu/libfreenect.so.0.5",
      "usr/lib/x86_64-linux-gnu/fakenect/libfreenect.so.0.5",
    ]) {
      await mkdir(path.join(root, path.dirname(file)), { recursive: true });
      await writeFile(path.join(root, file), "");
    }
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it("by its file names, then in the folders of the system, also Debian's and Homebrew's", () => {
    expect(findLibfreenect({}, "linux", root).candidates).toEqual([
      "libfreenect.so.0.5",
      "libfreenect.so.0",
      "libfreenect.so",
      path.join(root, "usr/lib/x86_64-linux-gnu/libfreenect.so.0.5"),
    ]);
    expect(findLibfreenect({}, "darwin", root).candidates).toEqual([
      "libfreenect.dylib",
      path.join(root, "opt/homebrew/lib/libfreenect.0.dylib"),
    ]);
    expect(findLibfreenect({}, "win32", root).candidates).toContain("freenect.dll");
  });

  it("as if MIEN_LIBFREENECT were not set if it is empty", () => {
    const { candidates } = findLibfreenect({ MIEN_LIBFREENECT: "" }, "linux", root);
    expect(candidates).toContain("libfreenect.so.0.5");
  });

  it("only at the path in MIEN_LIBFREENECT if it is set", () => {
    const places = findLibfreenect({ MIEN_LIBFREENECT: "/x/lib.so", FAKENECT_PATH: "/r" }, "linux");
    expect(places).toEqual({ candidates: ["/x/lib.so"], isFake: false });
  });

  it("as fakenect if FAKENECT_PATH is set, and never as the real library", () => {
    const { candidates, isFake } = findLibfreenect({ FAKENECT_PATH: "/r" }, "linux", root);
    expect(isFake).toBe(true);
    expect(candidates).toEqual([
      path.join(root, "usr/lib/x86_64-linux-gnu/fakenect/libfreenect.so.0.5"),
    ]);
  });
});
