import type { SourceNotice } from "@mien/camera";
import type { Status } from "@mien/web";
import type { LiveSource } from "./live-source.ts";

/** The state of the source, without the state of the recording. */
export type SourceStatus = Omit<Status, "recording" | "recordingSince">;

/** What changes when a source gets into another state. */
export type SourceChange = Omit<SourceStatus, "type" | "broken">;

/** The state while no page shares its camera. */
export const WAITING = {
  state: "waiting",
  message: "waiting for a page to share its camera",
} as const satisfies SourceChange;

/** The state of a source that was not read yet. */
export function firstStatus({ name, source }: LiveSource): SourceStatus {
  return source === null
    ? { type: "status", ...WAITING, broken: [] }
    : { type: "status", state: "starting", message: `opening ${name}`, broken: [] };
}

/** The state after a change; the pictures that cannot be read stay in it. */
export function statusAfterChange({ broken }: SourceStatus, change: SourceChange): SourceStatus {
  return { type: "status", broken, ...change };
}

/** The state after a notice of the source; the same object if the notice changes nothing. */
export function statusAfterNotice(status: SourceStatus, notice: SourceNotice): SourceStatus {
  const { kind, message, error, path } = notice;
  if (kind === "lost") {
    const change = { message: error?.message ?? message, advice: error?.advice };
    return statusAfterChange(status, { state: "lost", ...change });
  }
  if (kind === "back") return statusAfterChange(status, { state: "running", message });
  if (path === undefined || status.broken.includes(message)) return status;
  return { ...status, broken: [...status.broken, message] };
}
