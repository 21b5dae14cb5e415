/** The result of one check. */
export interface Check {
  /** The name, which stays the same from version to version. */
  readonly name: string;
  readonly ok: boolean;
  /** What needs it. */
  readonly needed: "always" | "training" | "checks" | "videos" | "webcams" | "kinect" | "comfort";
  /** What was found, or what the problem is. */
  readonly found: string;
  /** What to do about the problem, usually a command; null without a problem. */
  readonly remedy: string | null;
}

/** What reading faces in images, videos and webcams needs. */
export const NEEDED_BY_DEFAULT: readonly Check["needed"][] = ["always", "videos"];

/** What is checked, and what needs it. */
export type Subject = Pick<Check, "name" | "needed">;

/** A check without a problem. */
export function passed({ name, needed }: Subject, found: string): Check {
  return { name, ok: true, needed, found, remedy: null };
}

/** A check with a problem. */
export function failed({ name, needed }: Subject, found: string, remedy: string): Check {
  return { name, ok: false, needed, found, remedy };
}
