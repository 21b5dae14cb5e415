import { useEffect, useRef, useState } from "preact/hooks";
import { clockText } from "../number-text.ts";
import type { LiveState } from "../server/connection.ts";

/** The id of the session that is stored in a folder. */
function sessionId(folder: string): string {
  return folder.split(/[\\/]/).at(-1) ?? "";
}

/** The folder of the session that is recorded, or that ended last while this page was open. */
function useSession(status: LiveState["status"]): {
  readonly folder: string | null;
  readonly isRecording: boolean;
} {
  const recording = status?.recording ?? null;
  const last = useRef<string | null>(null);
  if (recording !== null) last.current = recording;
  return { folder: last.current, isRecording: recording !== null };
}

/**
 * While results are recorded: a red mark, for how long, and where they are written. Then where the
 * session is.
 */
export function RecordingNote(props: {
  readonly status: LiveState["status"];
  /** Whether this page may open sessions. */
  readonly canOpen: boolean;
}) {
  const { status, canOpen } = props;
  const { folder, isRecording } = useSession(status);
  const since = status?.recordingSince ?? null;
  if (folder === null) return null;
  if (isRecording) {
    return (
      <p class="hint recording">
        <i class="red" aria-hidden="true" />
        Recording{since !== null && <Clock since={since} />}. Results are written to {folder}.
        Pictures are not stored.
      </p>
    );
  }
  return (
    <p class="hint good" role="status">
      The session is in {folder}.{" "}
      {canOpen && (
        <>
          <a href={`api/sessions/${sessionId(folder)}/report.html`} target="_blank" rel="noopener">
            Open the report
          </a>{" "}
          · <a href="#sessions">All sessions</a>
        </>
      )}
    </p>
  );
}

/** The time since a time in milliseconds since 1970. */
function Clock({ since }: { readonly since: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return <span role="timer"> {clockText(Math.max(0, now - since) / 1000)}</span>;
}
