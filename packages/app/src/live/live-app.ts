import { EventEmitter } from "node:events";
import type { ModelInput, StreamHeader } from "@mien/format";
import { createPipeline, type Picture, type Pipeline } from "@mien/runtime";
import type { Enrolment, Hello, SettingsSummary, SettingValue, Status } from "@mien/web";
import { eraseName } from "../people/erase.ts";
import type { Erased, PersonStore } from "../people/person-store.ts";
import type { PeopleChange } from "../people/shared-people.ts";
import { RETENTION_CHECK_INTERVAL } from "../people/retention.ts";
import { settingsOf } from "../pipeline-flags.ts";
import { FileAnalyses } from "./file-analyses.ts";
import { LiveEnrolment } from "./live-enrolment.ts";
import { LiveEngine, type EngineOptions, type LiveFrame } from "./live-engine.ts";
import { readLiveModel, type LiveModel } from "./live-model.ts";
import { pictureSize, type LiveSettings, type LiveValues } from "./live-settings.ts";
import type { LiveSource } from "./live-source.ts";
import { SessionRecorder } from "./session-recorder.ts";

/** What a live app works with. */
export interface LiveAppOptions {
  readonly store: PersonStore;
  /** Source, model and settings of the pipeline, which pages can change. */
  readonly settings: LiveSettings;
  /** Opens the source that the settings name. */
  readonly openSource: (values: LiveValues) => Promise<LiveSource>;
  /** Finds the model that the settings name. */
  readonly findModel: (values: LiveValues) => Promise<string>;
  /** The face detector, and settings of the pipeline that cannot be changed. */
  readonly pipeline: Omit<EngineOptions["pipeline"], "expression">;
  /** Whether pages begin in privacy mode. Default false. */
  readonly privacy?: boolean;
  /** Whether other machines may open the page. Default false. */
  readonly network?: boolean;
  /** The folder of recorded sessions. */
  readonly sessions: string;
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
  #model: LiveModel;
  #recorder: SessionRecorder | null = null;
  #stills: Promise<Pipeline> | null = null;
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
    this.files = new FileAnalyses(() => {
      const { values } = options.settings;
      return {
        pipeline: pipelineOf(options, { model: this.#model, values }),
        model: this.#model.path,
      };
    });
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
    return {
      ...this.engine.status,
      recording: this.#recorder?.folder ?? null,
      recordingSince: this.#recorder?.since ?? null,
    };
  }

  /** The folder of recorded sessions. */
  get sessions(): string {
    return this.#options.sessions;
  }

  /** The session that is being recorded; null if there is none. */
  get recorded(): Pick<SessionRecorder, "folder" | "facts"> | null {
    return this.#recorder;
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
    return this.#whileNotRecording(async () => {
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
      const stills = this.#stills;
      this.#stills = null;
      await (await stills)?.close();
      await settings.store(values, names);
      this.emit("settings", this.hello);
    });
  }

  /**
   * Starts or stops the recording of results.
   *
   * @returns the folder of the session that was started or stopped; null if none was running.
   * @throws {MienError} `environment` if the results could not be written.
   */
  async record(recording: boolean): Promise<string | null> {
    if (recording) await this.store.rememberResults(this.#options.sessions);
    return this.store.withoutChanges(async () => {
      const before = this.#recorder;
      try {
        if (recording) this.#recorder ??= await this.#startRecorder();
        else await this.#endRecording();
        return (this.#recorder ?? before)?.folder ?? null;
      } finally {
        this.emit("status", this.status);
      }
    });
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
    // It needs a pipeline of its own without tracks, which is opened for the first image.
    this.#stills ??= createPipeline({
      ...pipelineOf(this.#options, {
        model: this.#model,
        values: this.#options.settings.values,
      }),
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
    await this.store.close();
    try {
      await this.record(false);
    } finally {
      await this.engine.close();
    }
    await this.files.close();
    if (this.#stills !== null) await (await this.#stills).close();
    await this.store.people.recogniser.close();
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
      if (this.#recorder !== null) await this.#restartRecording(change.gone);
      await this.flushViewers();
    }
    await enrolled;
  }

  /** Continues the recording in a new session, since the present one contains names that are gone. */
  async #restartRecording(gone: readonly string[]): Promise<void> {
    const ending = this.#endRecording(gone).catch(console.error);
    this.#recorder = await this.#startRecorder().catch((error: unknown) => {
      console.error(error);
      return null;
    });
    await ending;
    this.emit("status", this.status);
  }

  /** Changes something while people do not change and nothing is recorded. */
  #whileNotRecording<Type>(change: () => Promise<Type>): Promise<Type> {
    return this.store.withoutChanges(async () => {
      const wasRecording = this.#recorder !== null;
      await this.#endRecording().catch(console.error);
      try {
        return await change();
      } finally {
        if (wasRecording) this.#recorder = await this.#startRecorder();
        this.emit("status", this.status);
      }
    });
  }

  #startRecorder(): Promise<SessionRecorder> {
    return SessionRecorder.start(this.#options.sessions, {
      ...this.header,
      source: this.engine.source,
      frameRate: this.engine.frameRate,
    });
  }

  /**
   * Ends the recording.
   *
   * @param gone names to erase in the session.
   */
  async #endRecording(gone: readonly string[] = []): Promise<void> {
    const recorder = this.#recorder;
    this.#recorder = null;
    if (recorder === null) return;
    try {
      await recorder.stop(gone);
    } finally {
      for (const name of gone) await eraseName(recorder.folder, name, this.store.folder);
    }
  }
}

/** The options of the pipeline for a model and for the values of the settings. */
function pipelineOf(
  { pipeline }: LiveAppOptions,
  { model, values }: { readonly model: LiveModel; readonly values: LiveValues },
): EngineOptions["pipeline"] {
  return { ...pipeline, ...settingsOf(values), expression: model.path };
}
