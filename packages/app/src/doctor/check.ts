/** One thing that was looked at. */
export interface Check {
  /** Stable, for programs. */
  readonly name: string;
  readonly ok: boolean;
  /** What does not work without it. */
  readonly needed: "always" | "training" | "checks" | "videos" | "webcams" | "kinect" | "comfort";
  /** What was found, or what is wrong. */
  readonly found: string;
  /** A command, or what else to do; null if all is well. */
  readonly remedy: string | null;
}

/** Works for the default: reading faces in images, videos and webcams. */
export const NEEDED_BY_DEFAULT: readonly Check["needed"][] = ["always", "videos"];

/** A check that is well. */
export function fine(name: string, needed: Check["needed"], found: string): Check {
  return { name, ok: true, needed, found, remedy: null };
}

/** A check that is not. */
export function broken(
  name: string,
  needed: Check["needed"],
  found: string,
  remedy: string,
): Check {
  return { name, ok: false, needed, found, remedy };
}
