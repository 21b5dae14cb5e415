import { EventEmitter } from "node:events";
import type { LiveResult } from "@mien/web";
import { eraseName } from "../people/erase/erase.ts";
import { SessionRecorder, type RecordedStream } from "./session-recorder.ts";

/** What a recording works with. */
export interface LiveRecordingOptions {
  /** The folder of recorded sessions. */
  readonly sessions: string;
  /** The folder of people, in which no name is erased. */
  readonly people: string;
  /** Called at the start of each session. */
  readonly stream: () => RecordedStream;
}

/**
 * The recording of the results of a live app, one session at a time; emits `change` after it may have
 * started or ended a session. The caller keeps the calls of `record`, `restart` and `pause` apart.
 */
export class LiveRecording extends EventEmitter<{ change: [] }> {
  readonly #options: LiveRecordingOptions;
  #recorder: SessionRecorder | null = null;

  constructor(options: LiveRecordingOptions) {
    super();
    this.#options = options;
  }

  /** The session that is being recorded; null if there is none. */
  get session(): Pick<SessionRecorder, "folder" | "facts" | "since"> | null {
    return this.#recorder;
  }

  /** Records a result, if a session is being recorded. */
  add(result: LiveResult): void {
    this.#recorder?.add(result);
  }

  /**
   * Starts or ends a session.
   *
   * @returns the folder of the session that was started or ended; null if none was running.
   * @throws {MienError} `environment` if the results could not be written.
   */
  async record(recording: boolean): Promise<string | null> {
    const before = this.#recorder;
    try {
      if (recording) this.#recorder ??= await this.#start();
      else await this.#end();
      return (this.#recorder ?? before)?.folder ?? null;
    } finally {
      this.emit("change");
    }
  }

  /** Continues in a new session, if one is being recorded, since it contains names that are gone. */
  async restart(gone: readonly string[]): Promise<void> {
    if (this.#recorder === null) return;
    const ending = this.#end(gone).catch(console.error);
    this.#recorder = await this.#start().catch((error: unknown) => {
      console.error(error);
      return null;
    });
    await ending;
    this.emit("change");
  }

  /** Does some work while nothing is recorded, then continues in a new session. */
  async pause<Type>(work: () => Promise<Type>): Promise<Type> {
    const wasRecording = this.#recorder !== null;
    await this.#end().catch(console.error);
    try {
      return await work();
    } finally {
      if (wasRecording) this.#recorder = await this.#start();
      this.emit("change");
    }
  }

  #start(): Promise<SessionRecorder> {
    return SessionRecorder.start(this.#options.sessions, this.#options.stream());
  }

  /**
   * Ends the session.
   *
   * @param gone names to erase in the session.
   */
  async #end(gone: readonly string[] = []): Promise<void> {
    const recorder = this.#recorder;
    this.#recorder = null;
    if (recorder === null) return;
    try {
      await recorder.stop(gone);
    } finally {
      for (const name of gone) await eraseName(recorder.folder, name, this.#options.people);
    }
  }
}
