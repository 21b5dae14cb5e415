/** A recorded session in the answer of `/api/sessions`. */
export interface SessionSummary {
  /** The name of its folder: when it began, in UTC. */
  readonly id: string;
  /** When the first frame was recorded; ISO 8601. */
  readonly started: string;
  /** Time from the first frame to the last. */
  readonly seconds: number;
  /** Number of frames. */
  readonly frames: number;
  /** Number of people and of tracks of unknown faces. */
  readonly faces: number;
  /** The value of `--source`. */
  readonly source: string;
  /** Path of the expression model. */
  readonly model: string;
  /** Whether it is being recorded now. */
  readonly isRunning: boolean;
  /** Whether the recording was ended by a stop, and not by a crash. */
  readonly isComplete: boolean;
}

/** The answer of `/api/sessions`. */
export interface SessionList {
  /** The folder in which they are stored. */
  readonly folder: string;
  /** The newest first. */
  readonly sessions: readonly SessionSummary[];
}

/** A session with its results, to compare it with another one. */
export interface SessionDetails extends SessionSummary {
  readonly labels: readonly string[];
  /** The people, and the tracks of unknown faces. */
  readonly people: readonly SessionPerson[];
}

/** The results of a person in a session. */
export interface SessionPerson {
  readonly name: string;
  /** Number of frames in which the person was visible. */
  readonly frames: number;
  /** Number of frames by confirmed expression; the last entry counts those without. */
  readonly confirmed: readonly (readonly [label: string, frames: number])[];
}

/** How frames without a confirmed expression are named in tables of sessions. */
export const NOT_CONFIRMED = "not confirmed yet";
