import { EventEmitter } from "node:events";
import type { ModelInput, StreamHeader } from "@mien/format";
import type { Picture } from "@mien/runtime";
import type { Enrolment, Hello, SettingsSummary, SettingValue, Status } from "@mien/web";
import type { Erased, PersonStore } from "../people/person-store.ts";
import type { PeopleChange } from "../people/shared-people.ts";
import { RETENTION_CHECK_INTERVAL } from "../people/retention.ts";
import { FileAnalyses } from "./file-analyses.ts";
import { pipelineOf, type LiveAppOptions } from "./live-app-options.ts";
import { LiveEnrolment } from "./live-enrolment.ts";
import { LiveEngine } from "./live-engine.ts";
import type { LiveFrame } from "./live-frame.ts";
import { readLiveModel, type LiveModel } from "./live-model.ts";
import { LiveRecording } from "./live-recording.ts";
import { pictureSize } from "./live-settings.ts";
import type { SessionRecorder } from "./session-recorder.ts";
import { StillPictures } from "./still-pictures.ts";

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
  /** A setting was changed. */
  settings: [Hello];
}

/** The functions of the page and the API, without HTTP. */
export class LiveApp extends EventEmitter<LiveAppEvents> {
  readonly engine: LiveEngine;
  readonly store: PersonStore;
  readonly enrolment: LiveEnrolment;
  readonly files: FileAnalyses;
  readonly #options: LiveAppOptions;
  readonly #recording: LiveRecording;
  readonly #stills: StillPictures;
  #model: LiveModel;
  readonly #retention: NodeJS.Timeout;
  /**
   * Called after names were deleted; its promise is fulfilled when no viewer gets such a name any more.
   */
  flushViewers: () => Promise<void> = () => Promise.resolve();

  private constructor(options: LiveAppOptions, engine: LiveEngine, model: LiveModel) {
    super();
    this.#options = options;
    this.#model = model;
    this.engine = engine;
    this.store = options.store;
    this.enrolment = new LiveEnrolment(options.store);
    const pipeline = () => {
      return pipelineOf(options, { model: this.#model, values: options.settings.values });
    };
    this.files = new FileAnalyses(() => ({ pipeline: pipeline(), model: this.#model.path }));
    this.#stills = new StillPictures(() => ({ ...pipeline(), people: this.store.people }));
    this.#recording = new LiveRecording({
      sessions: options.sessions,
      people: options.store.folder,
      stream: () => ({ ...this.header, source: engine.source, frameRate: engine.frameRate }),
    });
    this.#recording.on("change", () => this.emit("status", this.status));
    this.enrolment.on("change", (state) => this.emit("enrolment", state));
    this.#retention = setInterval(
      () => void this.#deleteExpired().catch(console.error),
      options.retentionCheckMs ?? RETENTION_CHECK_INTERVAL,
    ).unref();
    engine.on("status", () => this.emit("status", this.status));
    engine.on("frame", (live) => {
      this.#recording.add(live.result);
      void this.enrolment.offer(live).catch(console.error);
      this.emit("frame", live);
    });
  }

  /** @throws {MienError} if the source or a model cannot be used. */
  static async open(options: LiveAppOptions): Promise<LiveApp> {
    const { values } = options.settings;
    const model = await readLiveModel(await options.findModel(values));
    const source = await options.openSource(values);
    try {
      const pipeline = pipelineOf(options, { model, values });
      const engine = await LiveEngine.open({ source, pipeline, people: options.store.people });
      const app = new LiveApp(options, engine, model);
      await options.store.watch((change) => app.#followChange(change));
      return app;
    } catch (error) {
      await source.source?.close();
      throw error;
    }
  }

  /** The path of the expression model. */
  get model(): string {
    return this.#model.path;
  }

  /** The input that the expression model expects. */
  get input(): ModelInput {
    return this.#model.input;
  }

  /** The path of the model's card; undefined without one. */
  get card(): string | undefined {
    return this.#model.card;
  }

  get header(): StreamHeader {
    return { labels: this.engine.labels, model: this.#model.path };
  }

  /** The picture size that cameras are asked for. */
  get resolution() {
    return pictureSize(this.#options.settings.values);
  }

  get hello(): Hello {
    const { confirmation } = this.engine.settings;
    return {
      type: "hello",
      ...this.header,
      source: this.engine.source,
      browser: this.engine.readsPageCameras,
      kinect: this.engine.isKinect,
      resolution: this.resolution,
      window: { size: confirmation.size, quorum: confirmation.quorum },
      people: this.store.people.list().map(({ name }) => name),
      card: this.card !== undefined,
      viewOnly: false,
      privacy: this.startsPrivate,
      network: this.#options.network ?? false,
    };
  }

  /** Whether pages begin in privacy mode. */
  get startsPrivate(): boolean {
    return this.#options.privacy ?? false;
  }

  get status(): Status {
    const { session } = this.#recording;
    return {
      ...this.engine.status,
      recording: session?.folder ?? null,
      recordingSince: session?.since ?? null,
    };
  }

  /** The folder of recorded sessions. */
  get sessions(): string {
    return this.#options.sessions;
  }

  /** The session that is being recorded; null if there is none. */
  get recorded(): Pick<SessionRecorder, "folder" | "facts"> | null {
    return this.#recording.session;
  }

  /** Every setting that pages can change, with its value. */
  settings(): Promise<SettingsSummary> {
    return this.#options.settings.summary();
  }

  /**
   * Changes settings for all pages, and stores them. A running recording ends, and goes on in a new
   * folder.
   *
   * @param change values by name; null for the default.
   * @throws {MienError} if a value, the model or the source cannot be used; then nothing changes.
   */
  configure(change: Readonly<Record<string, SettingValue | null>>): Promise<void> {
    return this.store.withoutChanges(() => this.#recording.pause(() => this.#configure(change)));
  }

  /**
   * Starts or stops the recording of results.
   *
   * @returns the folder of the session that was started or stopped; null if none was running.
   * @throws {MienError} `environment` if the results could not be written.
   */
  async record(recording: boolean): Promise<string | null> {
    if (recording) await this.store.rememberResults(this.#options.sessions);
    return this.store.withoutChanges(() => this.#recording.record(recording));
  }

  /** Stores the kept pictures of the current enrolment; from then on the person is recognised. */
  saveEnrolment(): Promise<void> {
    return this.enrolment.save(({ session, given, keepDays }) =>
      this.store.add(session.name, session.crops(), { given, keepDays }),
    );
  }

  async renamePerson(from: string, to: string): Promise<void> {
    await this.store.rename(from, to);
  }

  async mergePeople(from: string, into: string): Promise<void> {
    await this.store.merge(from, into);
  }

  async deletePerson(name: string): Promise<Erased> {
    return this.store.delete(name);
  }

  /** Finds faces in a single image and reads their expressions; nothing is stored. */
  async analyze(picture: Picture) {
    const { faces, rejected, timings } = await this.#stills.process(picture);
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
    await this.store.close();
    try {
      await this.record(false);
    } finally {
      await this.engine.close();
    }
    await this.files.close();
    await this.#stills.close();
    await this.store.people.recogniser.close();
  }

  /** Changes settings; nothing is recorded meanwhile. */
  async #configure(change: Readonly<Record<string, SettingValue | null>>): Promise<void> {
    const { settings, openSource, findModel } = this.#options;
    const values = await settings.changed(change);
    const names = Object.keys(change);
    const changesSource = names.some((name) => name === "source" || name === "resolution");
    const source = changesSource ? await openSource(values) : undefined;
    try {
      if (names.some((name) => name !== "source" && name !== "resolution")) {
        const model = await readLiveModel(await findModel(values));
        await this.engine.usePipeline(pipelineOf(this.#options, { model, values }));
        this.#model = model;
      }
    } catch (error) {
      await source?.source?.close();
      throw error;
    }
    if (source !== undefined) await this.engine.useSource(source);
    await this.#stills.close();
    await settings.store(values, names);
    this.emit("settings", this.hello);
  }

  async #deleteExpired(): Promise<void> {
    for (const name of await this.store.expired()) await this.deletePerson(name);
  }

  /** Makes everything forget the names that are gone, and uses those that are new. */
  async #followChange(change: PeopleChange): Promise<void> {
    this.engine.peopleChanged();
    this.emit("people", this.hello);
    const enrolled = this.enrolment.peopleChanged(change);
    if (change.gone.length > 0) {
      await this.#recording.restart(change.gone);
      await this.flushViewers();
    }
    await enrolled;
  }
}
