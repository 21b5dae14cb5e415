import { z } from "zod";
import { settingsSchema } from "../study-settings.ts";

/** Version of the messages below; must equal the version that python/bridge.py sends first. */
export const PROTOCOL = 1;

/** The first line that the Python process writes. */
export const greetingSchema = z.union([
  z.strictObject({ protocol: z.int(), optuna: z.string(), python: z.string() }),
  /** The package that could not be imported. */
  z.strictObject({ protocol: z.int(), missing: z.string() }),
]);

/** Any later line of the Python process: the response to one request. */
export const answerSchema = z.union([
  z.strictObject({ id: z.int(), result: z.unknown() }),
  z.strictObject({
    id: z.int().nullable(),
    error: z.strictObject({ kind: z.string(), message: z.string() }),
  }),
]);

/** A value of a parameter as Optuna stores it; lists are JSON texts. */
const paramsSchema = z.record(z.string(), z.union([z.number(), z.string(), z.boolean()]));

const trialSchema = z.strictObject({
  /** Number of the trial in its study, from 0. */
  number: z.int(),
  /** `interrupted`: stopped by the user or ended with its worker; another trial repeats it. */
  state: z.enum(["complete", "pruned", "failed", "interrupted", "running", "waiting"]),
  /** The result of a complete trial; the last reported value of a pruned trial. */
  value: z.number().nullable(),
  params: paramsSchema,
  /** [epoch, value] of every report, in order; epochs count from 1. */
  steps: z.array(z.tuple([z.int(), z.number()])),
  seconds: z.number().nullable(),
  /** The reason why a failed or interrupted trial ended. */
  failure: z.string().nullable(),
  /** The number of the interrupted trial that this trial repeats. */
  retryOf: z.int().nullable(),
});

/** One trial of a study. */
export type Trial = Readonly<z.output<typeof trialSchema>>;

const statusSchema = z.strictObject({
  /** Target number of complete and pruned trials. */
  target: z.int(),
  counts: z.strictObject({
    complete: z.int(),
    pruned: z.int(),
    failed: z.int(),
    interrupted: z.int(),
    running: z.int(),
    waiting: z.int(),
  }),
  best: trialSchema.nullable(),
  /** Trials of all workers that ended since the last request. */
  ended: z.array(trialSchema),
});

/** Progress of a study. */
export type Status = Readonly<z.output<typeof statusSchema>>;

/** Storage of a study: a journal file on this machine, or PostgreSQL. */
export type StorePlace =
  | { readonly journal: string }
  | { readonly url: string; /** In seconds. */ readonly heartbeat: number };

const accepted = z.strictObject({ accepted: z.boolean() });
const nothing = z.strictObject({});

/** The result of every operation. */
export const resultSchemas = {
  create: z.strictObject({ study: z.string(), settings: settingsSchema, target: z.int() }),
  aim: nothing,
  ask: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("trial"),
      number: z.int(),
      params: paramsSchema,
      retryOf: z.int().nullable(),
    }),
    /** Other workers run the last trials. If one of these fails, there is another trial to run. */
    z.strictObject({ kind: z.literal("wait") }),
    z.strictObject({ kind: z.literal("done") }),
  ]),
  report: accepted,
  shouldPrune: z.strictObject({ prune: z.boolean() }),
  tell: accepted,
  giveBack: nothing,
  status: statusSchema,
  best: trialSchema.nullable(),
  trials: z.array(trialSchema),
  importance: z.array(z.tuple([z.string(), z.number()])).nullable(),
  randomSearch: z.array(z.number()).nullable(),
};

/** The arguments of every operation. */
export interface Requests {
  /**
   * Opens a study, or creates it with the settings in `new`; `worker` is 0 for the first of
   * several.
   */
  readonly create: {
    readonly store: StorePlace;
    /** The study's name; null for the only one in the storage. */
    readonly study: string | null;
    readonly new: {
      /** The name of the new study if `study` is null. */
      readonly name: string;
      readonly settings: z.input<typeof settingsSchema>;
    } | null;
    readonly worker: number;
  };
  readonly aim: { readonly trials: number };
  readonly ask: object;
  readonly report: { readonly number: number; readonly step: number; readonly value: number };
  readonly shouldPrune: { readonly number: number };
  readonly tell: {
    readonly number: number;
    readonly state: "complete" | "pruned" | "failed";
    readonly value: number | null;
    readonly failure: string | null;
  };
  readonly giveBack: { readonly number: number; readonly why: string };
  readonly status: object;
  readonly best: object;
  readonly trials: object;
  readonly importance: object;
  readonly randomSearch: { readonly trials: number };
}

export type Operation = keyof Requests;
export type Result<O extends Operation> = z.output<(typeof resultSchemas)[O]>;
