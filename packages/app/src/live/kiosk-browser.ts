import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { killChild, killChildOnExit } from "@mien/cli";

/** The program that opens an address in the default browser, and its arguments, by platform. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

/** Browsers that can show a page without controls, by their names on the path. */
const CHROMIUMS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const FIREFOX = "firefox";

/** Opens the page in the default browser; if there is none, the printed address is enough. */
export function openPage(address: string): void {
  const [program, ...flags] = OPENERS[process.platform] ?? ["xdg-open"];
  start(program, [...flags, address]).unref();
}

/** Interval between two looks at whether the kiosk page is open, in ms. */
const LOOK_INTERVAL = 1000;
/** The kiosk is opened if its page is not connected for this number of looks. */
const PATIENCE = 4;
/** The same after it was just opened, since a browser starts slowly. */
const START_PATIENCE = 20;

/** How the kiosk is kept open. */
export interface KioskOptions {
  /** Whether the kiosk page of any browser is connected. */
  readonly isShown: () => boolean;
  /** Folder of the browser's profile, which is its own, so that no other window is affected. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** The program and its flags. Default: Chromium, Chrome or Firefox on the path. */
  readonly browser?: readonly [string, ...string[]] | undefined;
}

/**
 * Opens the kiosk page in full screen, and opens it again whenever it is gone: if the browser ended,
 * or if its page crashed. A page that is still open from an earlier start reconnects by itself and is
 * kept. The browser ends with the signal.
 */
export function keepKioskOpen(address: string, options: KioskOptions): void {
  const { isShown, folder, signal } = options;
  const browser = options.browser ?? kioskBrowser(folder);
  let child: ChildProcess | undefined;
  let missed = 0;
  let patience = PATIENCE;
  const look = async () => {
    missed = isShown() ? 0 : missed + 1;
    if (missed === 0) patience = PATIENCE;
    if (missed < patience) return;
    missed = 0;
    patience = START_PATIENCE;
    if (browser === undefined) {
      // The default browser runs on its own, and cannot be closed.
      if (child === undefined) openPage(address);
      return;
    }
    if (child !== undefined) await killChild(child);
    if (signal.aborted) return;
    const [program, ...flags] = browser;
    child = start(program, [...flags, address]);
    killChildOnExit(child);
  };
  let looking = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, LOOK_INTERVAL);
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    if (child !== undefined) void killChild(child);
  });
}

/** The browser that shows the kiosk, and its flags; undefined if only a default browser can. */
function kioskBrowser(folder: string): readonly [string, ...string[]] | undefined {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  const find = (name: string) =>
    folders.map((one) => path.join(one, name)).find((file) => existsSync(file));
  for (const name of CHROMIUMS) {
    const program = find(name);
    if (program === undefined) continue;
    return [
      program,
      "--kiosk",
      `--user-data-dir=${folder}`,
      "--no-first-run",
      "--noerrdialogs",
      "--disable-session-crashed-bubble",
      "--hide-crash-restore-bubble",
      // Nobody is there to allow the camera; this profile opens no other page.
      "--auto-accept-camera-and-microphone-capture",
      "--disable-background-networking",
      "--disable-component-update",
    ];
  }
  const firefox = find(FIREFOX);
  return firefox === undefined ? undefined : [firefox, "--kiosk"];
}

function start(program: string, argv: readonly string[]): ChildProcess {
  const child = spawn(program, [...argv], { stdio: "ignore", detached: true });
  child.on("error", () => undefined);
  return child;
}
