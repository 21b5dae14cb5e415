import { MienError, type ModelInput, type StreamHeader } from "@mien/format";
import { createPipeline, type Picture, type Pipeline } from "@mien/runtime";
import type { Enrolment, Hello, Status } from "@mien/web";
import { EnrolmentSession, type EnrolmentRequest } from "../acquire/enrolment-session.ts";
import { MAX_KEEP_DAYS } from "../people/retention.ts";
import type { Erased, PersonStore } from "../people/person-store.ts";
import { LiveEngine, type EngineOptions } from "./live-engine.ts";
import { SessionRecorder } from "./session-recorder.ts";

/** What a live app is made of. */
export interface LiveAppOptions extends Omit<EngineOptions, "people"> {
  readonly store: PersonStore;
  /** The model file, for people to see. */
  readonly model: string;
  /** What the expression model takes. */
  readonly input: ModelInput;
  readonly quorum: number;
  /** Where sessions are recorded. */
  readonly sessions: string;
  readonly card: string | undefined;
  /** How often is looked whose time is over, in milliseconds. Default an hour. */
  readonly retentionCheckMs?: number;
}

/** Who agreed, and for how long. */
export interface ConsentedRequest extends EnrolmentRequest {
  readonly keepDays: number;
  /** Must be true: the person has agreed. */
  readonly consent: boolean;
}

/** So often is looked whose time is over, in milliseconds. */
const RETENTION_CHECK = 3_600_000;

/** An enrolment that is going on. */
interface Consented {
  readonly session: EnrolmentSession;
  readonly given: string;
  readonly keepDays: number;
}

const NO_ENROLMENT: Enrolment = {
  type: "enrolment",
  state: null,
  name: "",
  wanted: 0,
  pictures: [],
  guidance: "",
  leftOut: {},
  doubts: [],
};

/** Everything that the page and the API can do, without any HTTP in it. */
export class LiveApp {
  readonly engine: LiveEngine;
  readonly store: PersonStore;
  readonly card: string | undefined;
  /** Told when the status or the enrolment has changed, or people have. */
  onChange: (what: "status" | "enrolment" | "people") => void = () => undefined;
  readonly #options: LiveAppOptions;
  #recorder: SessionRecorder | null = null;
  #enrolment: Consented | null = null;
  #stills: Promise<Pipeline> | null = null;
  /** The last change of people or of recording; they are made one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #retention: NodeJS.Timeout;

  private constructor(options: LiveAppOptions, engine: LiveEngine) {
    this.#options = options;
    this.engine = engine;
    this.store = options.store;
    this.card = options.card;
    this.#retention = setInterval(
      () => void this.#deleteExpired().catch(console.error),
      options.retentionCheckMs ?? RETENTION_CHECK,
    ).unref();
    engine.listen({
      onStatus: () => this.onChange("status"),
      onFrame: ({ frame, result }) => {
        this.#recorder?.add(result);
        const session = this.#enrolment?.session;
        session
          ?.look(frame, result.faces)
          .then(async (changed) => {
            if (changed) this.onChange("enrolment");
            if (changed && session.isFull) await this.#examine(session);
          })
          .catch(console.error);
      },
    });
  }

  static async open(options: LiveAppOptions): Promise<LiveApp> {
    return new LiveApp(
      options,
      await LiveEngine.open({ ...options, people: options.store.people }),
    );
  }

  get input(): ModelInput {
    return this.#options.input;
  }

  get header(): StreamHeader {
    return { labels: this.engine.labels, model: this.#options.model };
  }

  get hello(): Hello {
    return {
      type: "hello",
      ...this.header,
      source: this.engine.source,
      browser: this.engine.isBrowser,
      window: { size: this.#options.windowSize, quorum: this.#options.quorum },
      people: this.store.people.list().map(({ name }) => name),
      card: this.card !== undefined,
    };
  }

  get status(): Status {
    return { ...this.engine.status, recording: this.#recorder?.folder ?? null };
  }

  get enrolment(): Enrolment {
    return this.#enrolment?.session.state ?? NO_ENROLMENT;
  }

  /**
   * @returns the folder of the session that was started or stopped.
   * @throws {MienError} `environment` if what was seen could not be written.
   */
  record(recording: boolean): Promise<string | null> {
    return this.#inTurn(() => this.#record(recording));
  }

  /** Begins to take pictures. @throws {MienError} `usage` without consent, `conflict` if one is going on. */
  enrol({ keepDays, consent, ...request }: ConsentedRequest): void {
    if (consent !== true) {
      throw new MienError("usage", "nobody is enrolled without having agreed");
    }
    if (!Number.isSafeInteger(keepDays) || keepDays < 1 || keepDays > MAX_KEEP_DAYS) {
      throw new MienError("usage", `expected to be kept for 1 to ${MAX_KEEP_DAYS} days`);
    }
    if (this.#enrolment !== null) {
      throw new MienError("conflict", `${this.#enrolment.session.name} is being enrolled`);
    }
    const session = new EnrolmentSession(request);
    this.#enrolment = { session, given: new Date().toISOString(), keepDays };
    this.onChange("enrolment");
  }

  /** The enrolment that is going on. @throws {MienError} `missing-file` if there is none. */
  get session(): EnrolmentSession {
    if (this.#enrolment !== null) return this.#enrolment.session;
    throw new MienError("missing-file", "nobody is being enrolled");
  }

  /** Ends taking pictures before there are as many as wanted. */
  async finishEnrolment(): Promise<void> {
    this.session.finish();
    await this.#examine(this.session);
  }

  /** Deletes a picture of the enrolment that is going on, or takes that back. */
  async keepPicture(index: number, kept: boolean): Promise<void> {
    this.session.keep(index, kept);
    await this.#examine(this.session);
  }

  /** Stores what was kept; from then on the person is recognised. */
  async saveEnrolment(): Promise<void> {
    const { session } = this;
    const enrolment = this.#enrolment as Consented;
    const { given, keepDays } = enrolment;
    // Taken first, so that a second call cannot store it again.
    this.#enrolment = null;
    await this.#inTurn(async () => {
      try {
        await this.store.add(session.name, session.crops(), { given, keepDays });
      } catch (error) {
        this.#enrolment ??= enrolment;
        throw error;
      }
      await this.#peopleChanged();
    }).finally(() => this.onChange("enrolment"));
  }

  /** Forgets the pictures that were taken. */
  discardEnrolment(): void {
    this.#enrolment = null;
    this.onChange("enrolment");
  }

  async renamePerson(from: string, to: string): Promise<void> {
    await this.#without(() => this.store.rename(from, to));
  }

  async mergePeople(from: string, into: string): Promise<void> {
    await this.#without(() => this.store.merge(from, into));
  }

  async deletePerson(name: string): Promise<Erased> {
    return this.#without(() => this.store.delete(name));
  }

  /** Opened when first asked for: its faces have no past. */
  async analyze(picture: Picture) {
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

  async #examine(session: EnrolmentSession): Promise<void> {
    session.doubts = await this.store.doubts(session.name, session.crops());
    this.onChange("enrolment");
  }

  /** Whoever's time is over while the page is open. */
  async #deleteExpired(): Promise<void> {
    for (const name of await this.store.expired()) await this.deletePerson(name);
  }

  /** A session that is being recorded would bring a name back: it ends before, and goes on in a new folder. */
  #without<Type>(change: () => Promise<Type>): Promise<Type> {
    return this.#inTurn(async () => {
      const wasRecording = this.#recorder !== null;
      // Nobody stays enrolled since a session could not be written.
      await this.#record(false).catch(console.error);
      try {
        return await change();
      } finally {
        await this.#peopleChanged();
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
      this.onChange("status");
    }
  }

  #inTurn<Type>(work: () => Promise<Type>): Promise<Type> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #peopleChanged(): Promise<void> {
    await this.engine.peopleChanged();
    this.onChange("people");
  }
}
