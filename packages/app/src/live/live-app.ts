import { EventEmitter } from "node:events";
import type { ModelInput, StreamHeader } from "@mien/format";
import { createPipeline, type Picture, type Pipeline } from "@mien/runtime";
import type { Enrolment, Hello, Status } from "@mien/web";
import type { Erased, PersonStore } from "../people/person-store.ts";
import { RETENTION_CHECK_INTERVAL } from "../people/retention.ts";
import { LiveEnrolment } from "./live-enrolment.ts";
import { LiveEngine, type EngineOptions, type LiveFrame } from "./live-engine.ts";
import { SessionRecorder } from "./session-recorder.ts";

/** What a live app works with. */
export interface LiveAppOptions extends Omit<EngineOptions, "people"> {
  readonly store: PersonStore;
  /** The path of the expression model, which is only shown. */
  readonly model: string;
  /** The input that the expression model expects. */
  readonly input: ModelInput;
  /** The folder of recorded sessions. */
  readonly sessions: string;
  /** The path of the model's card; undefined without one. */
  readonly card: string | undefined;
  /** How often expired people are deleted, in ms. Default `RETENTION_CHECK_INTERVAL`. */
  readonly retentionCheckMs?: number;
}

/** What a live app emits; each event carries the message for the viewers. */
export interface LiveAppEvents {
  /** A frame was processed. */
  frame: [LiveFrame];
  /** The source or the recording changed its state. */
  status: [Status];
  /** The enrolment made progress, ended or was discarded. */
  enrolment: [Enrolment];
  /** Somebody was enrolled, renamed, merged or deleted. */
  people: [Hello];
}

/** The functions of the page and the API, without HTTP. */
export class LiveApp extends EventEmitter<LiveAppEvents> {
  readonly engine: LiveEngine;
  readonly store: PersonStore;
  readonly card: string | undefined;
  readonly enrolment: LiveEnrolment;
  readonly #options: LiveAppOptions;
  #recorder: SessionRecorder | null = null;
  #stills: Promise<Pipeline> | null = null;
  /** The last change of people or of the recording; changes are made one after the other. */
  #lastChange: Promise<unknown> = Promise.resolve();
  readonly #retention: NodeJS.Timeout;

  private constructor(options: LiveAppOptions, engine: LiveEngine) {
    super();
    this.#options = options;
    this.engine = engine;
    this.store = options.store;
    this.card = options.card;
    this.enrolment = new LiveEnrolment(options.store);
    this.enrolment.on("change", (state) => this.emit("enrolment", state));
    this.#retention = setInterval(
      () => void this.#deleteExpired().catch(console.error),
      options.retentionCheckMs ?? RETENTION_CHECK_INTERVAL,
    ).unref();
    engine.on("status", () => this.emit("status", this.status));
    engine.on("frame", (live) => {
      this.#recorder?.add(live.result);
      void this.enrolment.offer(live).catch(console.error);
      this.emit("frame", live);
    });
  }

  /** @throws {MienError} if a model cannot be used. */
  static async open(options: LiveAppOptions): Promise<LiveApp> {
    const engine = await LiveEngine.open({ ...options, people: options.store.people });
    return new LiveApp(options, engine);
  }

  get input(): ModelInput {
    return this.#options.input;
  }

  get header(): StreamHeader {
    return { labels: this.engine.labels, model: this.#options.model };
  }

  get hello(): Hello {
    const { confirmation } = this.engine.settings;
    return {
      type: "hello",
      ...this.header,
      source: this.engine.source,
      browser: this.engine.readsPageCameras,
      kinect: this.#options.source.isKinect,
      window: { size: confirmation.size, quorum: confirmation.quorum },
      people: this.store.people.list().map(({ name }) => name),
      card: this.card !== undefined,
    };
  }

  get status(): Status {
    return { ...this.engine.status, recording: this.#recorder?.folder ?? null };
  }

  /**
   * Starts or stops the recording of results.
   *
   * @returns the folder of the session that was started or stopped; null if none was running.
   * @throws {MienError} `environment` if the results could not be written.
   */
  record(recording: boolean): Promise<string | null> {
    return this.#afterLastChange(() => this.#record(recording));
  }

  /** Stores the kept pictures of the current enrolment; from then on the person is recognised. */
  saveEnrolment(): Promise<void> {
    return this.enrolment.save(({ session, given, keepDays }) =>
      this.#afterLastChange(async () => {
        await this.store.add(session.name, session.crops(), { given, keepDays });
        this.#peopleChanged();
      }),
    );
  }

  async renamePerson(from: string, to: string): Promise<void> {
    await this.#changePeople(() => this.store.rename(from, to));
  }

  async mergePeople(from: string, into: string): Promise<void> {
    await this.#changePeople(() => this.store.merge(from, into));
  }

  async deletePerson(name: string): Promise<Erased> {
    return this.#changePeople(() => this.store.delete(name));
  }

  /** Finds faces in a single image and reads their expressions; nothing is stored. */
  async analyze(picture: Picture) {
    // It needs a pipeline of its own without tracks, which is opened for the first image.
    this.#stills ??= createPipeline({
      ...this.#options.pipeline,
      people: this.store.people,
      stills: true,
      rejected: true,
      source: "upload",
    });
    const { faces, rejected, timings } = await (await this.#stills).process(picture);
    return {
      ...this.header,
      width: picture.width,
      height: picture.height,
      faces,
      rejected,
      timings,
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#retention);
    try {
      await this.record(false);
    } finally {
      await this.engine.close();
    }
    if (this.#stills !== null) await (await this.#stills).close();
    await this.store.people.recogniser.close();
  }

  async #deleteExpired(): Promise<void> {
    for (const name of await this.store.expired()) await this.deletePerson(name);
  }

  /**
   * Changes people while nothing is recorded: a running recording would write the old name again. It
   * ends before the change and goes on in a new folder.
   */
  #changePeople<Type>(change: () => Promise<Type>): Promise<Type> {
    return this.#afterLastChange(async () => {
      const wasRecording = this.#recorder !== null;
      // A person is deleted even if the session cannot be written.
      await this.#record(false).catch(console.error);
      try {
        return await change();
      } finally {
        this.#peopleChanged();
        if (wasRecording) await this.#record(true);
      }
    });
  }

  async #record(recording: boolean): Promise<string | null> {
    const before = this.#recorder;
    try {
      if (recording) {
        this.#recorder ??= await SessionRecorder.start(this.#options.sessions, {
          ...this.header,
          source: this.engine.source,
          frameRate: this.engine.frameRate,
        });
      } else {
        this.#recorder = null;
        await before?.stop();
      }
      return (this.#recorder ?? before)?.folder ?? null;
    } finally {
      this.emit("status", this.status);
    }
  }

  #afterLastChange<Type>(change: () => Promise<Type>): Promise<Type> {
    const result = this.#lastChange.then(change);
    this.#lastChange = result.catch(() => undefined);
    return result;
  }

  #peopleChanged(): void {
    this.engine.peopleChanged();
    this.emit("people", this.hello);
  }
}
