import { readdirSync } from "node:fs";
import path from "node:path";

/** Where libfreenect may be: file names that the system's loader looks up, and whole paths. */
export interface LibraryPlaces {
  /** What to try to load, in order. */
  readonly candidates: readonly string[];
  /** Whether it is fakenect, which plays a recording in the Kinect's stead. */
  readonly isFake: boolean;
}

/** Folders with libraries of Linux distributions, by hand and by package, and of macOS' managers. */
const FOLDERS = {
  linux: ["/usr/local/lib", "/usr/local/lib64", "/usr/lib64", "/usr/lib"],
  darwin: ["/opt/homebrew/lib", "/usr/local/lib", "/opt/local/lib"],
  win32: [],
} as const;

/**
 * Looks up libfreenect: the file that `MIEN_LIBFREENECT` names, else by its usual names in the usual
 * places. Where `FAKENECT_PATH` names a recording, fakenect is looked up instead, as its own wrapper
 * script does.
 *
 * @param root holds the usual places.
 */
export function findLibfreenect(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
  root = "/",
): LibraryPlaces {
  const named = environment["MIEN_LIBFREENECT"];
  if (named) return { candidates: [named], isFake: /fakenect/.test(named) };
  const isFake = Boolean(environment["FAKENECT_PATH"]);
  const folders = platform in FOLDERS ? FOLDERS[platform as keyof typeof FOLDERS] : [];
  const inFolders = [...multiarch(platform, root), ...folders].flatMap((folder) =>
    librariesIn(path.join(root, folder, isFake ? "fakenect" : "")),
  );
  return { candidates: isFake ? inFolders : [...loaderNames(platform), ...inFolders], isFake };
}

/** Names that the system's loader finds by itself; a loader knows more folders than we. */
function loaderNames(platform: NodeJS.Platform): readonly string[] {
  if (platform === "win32") return ["freenect.dll", "libfreenect.dll"];
  if (platform === "darwin") return ["libfreenect.dylib"];
  return ["libfreenect.so.0.5", "libfreenect.so.0", "libfreenect.so"];
}

/** Debian's folders for one architecture, like /usr/lib/x86_64-linux-gnu. */
function multiarch(platform: NodeJS.Platform, root: string): string[] {
  if (platform !== "linux") return [];
  const names = list(path.join(root, "/usr/lib")).filter((name) => name.includes("-linux-gnu"));
  return names.map((name) => path.join("/usr/lib", name));
}

function librariesIn(folder: string): string[] {
  const library = /^lib(freenect|fakenect)(\.so(\.0(\.\d+)?)?|(\.0(\.\d+)?)?\.dylib)$/;
  const names = list(folder).filter((name) => library.test(name));
  // The longest name has the most exact version.
  return names.sort((a, b) => b.length - a.length).map((name) => path.join(folder, name));
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
