import { readdirSync } from "node:fs";
import path from "node:path";

/** Where libfreenect may be. */
export interface LibraryPlaces {
  /**
   * File names, which the system's loader looks up, and paths, in the order in which they are
   * tried.
   */
  readonly candidates: readonly string[];
  /** Whether it is fakenect, a build of libfreenect that plays a recording instead of reading a Kinect. */
  readonly isFake: boolean;
}

/** Folders of libraries: of Linux distributions and of macOS's package managers. */
const FOLDERS: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ["/usr/local/lib", "/usr/local/lib64", "/usr/lib64", "/usr/lib"],
  darwin: ["/opt/homebrew/lib", "/usr/local/lib", "/opt/local/lib"],
};

/**
 * Looks up libfreenect: the file that `MIEN_LIBFREENECT` names, else the usual file names in the
 * usual folders. If `FAKENECT_PATH` names a recording, fakenect is looked up instead, as by
 * fakenect's own script.
 *
 * @param root the folder that contains the usual folders. Default `/`.
 */
export function findLibfreenect(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
  root = "/",
): LibraryPlaces {
  const named = environment["MIEN_LIBFREENECT"];
  if (named) return { candidates: [named], isFake: /fakenect/.test(named) };
  const isFake = Boolean(environment["FAKENECT_PATH"]);
  const folders = FOLDERS[platform] ?? [];
  const inFolders = [...multiarch(platform, root), ...folders].flatMap((folder) =>
    librariesIn(path.join(root, folder, isFake ? "fakenect" : "")),
  );
  return { candidates: isFake ? inFolders : [...loaderNames(platform), ...inFolders], isFake };
}

/** File names for the system's loader, which also searches folders that are not listed here. */
function loaderNames(platform: NodeJS.Platform): readonly string[] {
  if (platform === "win32") return ["freenect.dll", "libfreenect.dll"];
  if (platform === "darwin") return ["libfreenect.dylib"];
  return ["libfreenect.so.0.5", "libfreenect.so.0", "libfreenect.so"];
}

/** Debian's folders of one architecture each, for example /usr/lib/x86_64-linux-gnu. */
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
