import { EventEmitter } from "node:events";
import { MienError } from "@mien/format";
import type { Enrolment } from "@mien/web";
import { EnrolmentSession, POSE_MS, type EnrolmentRequest } from "../acquire/enrolment-session.ts";
import type { PersonStore } from "../people/person-store.ts";
import type { PeopleChange } from "../people/shared-people.ts";
import { checkKeepDays } from "../people/retention.ts";
import type { LiveFrame } from "./live-frame.ts";

/** Whom to enrol, and what that person consented to. */
export interface ConsentedRequest extends Omit<EnrolmentRequest, "poseMs"> {
  /** How long the person is stored, in days. */
  readonly keepDays: number;
  /** Must be true: the person has consented. */
  readonly consent: boolean;
}

/** The pictures of a person who has consented. */
export interface ConsentedEnrolment {
  readonly session: EnrolmentSession;
  /** When consent was given, ISO 8601. */
  readonly given: string;
  /** How long the person is stored, in days. */
  readonly keepDays: number;
}

const NO_ENROLMENT: Enrolment = {
  type: "enrolment",
  state: null,
  name: "",
  wanted: 0,
  pictures: [],
  pose: null,
  guidance: "",
  leftOut: {},
  doubts: [],
};

/** Takes pictures of one person at a time from a live source; emits `change` with the new state. */
export class LiveEnrolment extends EventEmitter<{ change: [Enrolment] }> {
  readonly #store: PersonStore;
  #current: ConsentedEnrolment | null = null;
  /** The enrolment that is being stored, unless the person was deleted meanwhile. */
  #saving: ConsentedEnrolment | null = null;

  /** @param store the enrolled people, with whom the new pictures are compared. */
  constructor(store: PersonStore) {
    super();
    this.#store = store;
  }

  /** What viewers get. */
  get state(): Enrolment {
    return this.#current?.session.state ?? NO_ENROLMENT;
  }

  /** The pictures of the current enrolment. @throws {MienError} `missing-file` without one. */
  get session(): EnrolmentSession {
    return this.#running().session;
  }

  /**
   * Starts to take pictures of a person.
   *
   * @throws {MienError} `usage` without consent or for an impossible name, number or time;
   * `conflict` during another enrolment.
   */
  start({ keepDays, consent, ...request }: ConsentedRequest): void {
    if (consent !== true) {
      throw new MienError("usage", "nobody is enrolled without having consented");
    }
    checkKeepDays(keepDays);
    if (this.#current !== null) {
      throw new MienError("conflict", `${this.#current.session.name} is being enrolled`);
    }
    const session = new EnrolmentSession({ ...request, poseMs: POSE_MS });
    this.#current = { session, given: new Date().toISOString(), keepDays };
    this.#emitChange();
  }

  /** Takes a picture from a frame if one is wanted and the frame is good enough. */
  async offer({ frame, result }: LiveFrame): Promise<void> {
    const session = this.#current?.session;
    if (session === undefined || !(await session.offer(frame, result.faces))) return;
    this.#emitChange();
    if (session.isFull) await this.#checkPictures(session);
  }

  /** Goes on to the next pose, although not all pictures of this one were taken. */
  nextPose(): void {
    this.session.nextPose();
    this.#emitChange();
  }

  /** Stops taking pictures before the wanted number is reached. */
  async finish(): Promise<void> {
    this.session.finish();
    await this.#checkPictures(this.session);
  }

  /** Marks a picture as deleted, or as kept again. */
  async keepPicture(index: number, kept: boolean): Promise<void> {
    this.session.keep(index, kept);
    await this.#checkPictures(this.session);
  }

  /**
   * Follows a change of the enrolled people: discards the pictures of a person who was deleted, and
   * compares the pictures with those who are enrolled now.
   */
  async peopleChanged(change: PeopleChange): Promise<void> {
    if (this.#saving !== null && change.isDeleted(this.#saving.session.name)) this.#saving = null;
    const session = this.#current?.session;
    if (session === undefined) return;
    if (change.isDeleted(session.name)) this.discard();
    else if (session.warnings.length > 0) {
      // At once, since they contain names.
      session.warnings = [];
      this.#emitChange();
      await this.#checkPictures(session);
    }
  }

  /** Discards the pictures that were taken. */
  discard(): void {
    this.#current = null;
    this.#emitChange();
  }

  /**
   * Ends the current enrolment and stores its kept pictures.
   *
   * @param store stores them; if it fails, the enrolment continues, unless the person was deleted.
   */
  async save(store: (enrolment: ConsentedEnrolment) => Promise<void>): Promise<void> {
    const enrolment = this.#running();
    // Cleared first, so that a second call cannot store the same pictures again.
    this.#current = null;
    this.#saving = enrolment;
    try {
      await store(enrolment);
    } catch (error) {
      if (this.#saving === enrolment) this.#current ??= enrolment;
      throw error;
    } finally {
      this.#saving = null;
      this.#emitChange();
    }
  }

  #running(): ConsentedEnrolment {
    if (this.#current !== null) return this.#current;
    throw new MienError("missing-file", "nobody is being enrolled");
  }

  /** Updates the warnings about the kept pictures. */
  async #checkPictures(session: EnrolmentSession): Promise<void> {
    let version: number;
    let warnings: readonly string[];
    do {
      ({ version } = this.#store.people);
      warnings = await this.#store.warningsAbout(session.name, session.crops());
      // The warnings contain names, of which one may have been deleted meanwhile.
    } while (version !== this.#store.people.version);
    session.warnings = warnings;
    this.#emitChange();
  }

  #emitChange(): void {
    this.emit("change", this.state);
  }
}
