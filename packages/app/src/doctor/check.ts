/** The result of one check. */
export interface Check {
  /** The name, which stays the same from version to version. */
  readonly name: string;
  readonly ok: boolean;
  /** The use of mien that needs the program or device that is checked. */
  readonly needed: "always" | "training" | "checks" | "videos" | "webcams" | "kinect" | "comfort";
  /** Description of what was found or of the problem. */
  readonly found: string;
  /** Repair of the problem, usually a command; null without a problem. */
  readonly remedy: string | null;
}

/** `app:doctor` fails if a check for one of these uses fails. */
export const NEEDED_BY_DEFAULT: readonly Check["needed"][] = ["always", "videos"];

/** The subject of a check, and the use of mien that needs it. */
export type Subject = Pick<Check, "name" | "needed">;

/** A check without a problem. */
export function passed({ name, needed }: Subject, found: string): Check {
  return { name, ok: true, needed, found, remedy: null };
}

/** A check with a problem. */
export function failed({ name, needed }: Subject, found: string, remedy: string): Check {
  return { name, ok: false, needed, found, remedy };
}
