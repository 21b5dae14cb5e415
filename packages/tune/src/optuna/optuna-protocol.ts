import { z } from "zod";
import { settingsSchema } from "../study-settings.ts";

/** Version of the messages below; python/bridge.py greets with its own, and both must agree. */
export const PROTOCOL = 1;

/** The first line of the Python side. */
export const greetingSchema = z.union([
  z.strictObject({ protocol: z.int(), optuna: z.string(), python: z.string() }),
  /** What could not be imported. */
  z.strictObject({ protocol: z.int(), missing: z.string() }),
]);

/** Any later line of the Python side: the answer to one request. */
export const answerSchema = z.union([
  z.strictObject({ id: z.int(), result: z.unknown() }),
  z.strictObject({
    id: z.int().nullable(),
    error: z.strictObject({ kind: z.string(), message: z.string() }),
  }),
]);

/** What a parameter may be set to, as Optuna's storages keep it; lists are JSON texts. */
const paramsSchema = z.record(z.string(), z.union([z.number(), z.string(), z.boolean()]));

const trialSchema = z.strictObject({
  /** 0 for the first of a study. */
  number: z.int(),
  /** `interrupted`: ended by whoever ran it, or with its worker, and repeated by another trial. */
  state: z.enum(["complete", "pruned", "failed", "interrupted", "running", "waiting"]),
  /** Of a complete trial its result, of a pruned one what it reported last. */
  value: z.number().nullable(),
  params: paramsSchema,
  /** [epoch from 1, value] of every report, in order. */
  steps: z.array(z.tuple([z.int(), z.number()])),
  seconds: z.number().nullable(),
  /** Why a failed or interrupted trial ended. */
  failure: z.string().nullable(),
  /** The number of the interrupted trial that this one repeats. */
  retryOf: z.int().nullable(),
});

/** One trial of a study. */
export type Trial = Readonly<z.output<typeof trialSchema>>;

const statusSchema = z.strictObject({
  /** How many trials are to be complete or pruned in the end. */
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
  /** Trials of all workers that ended since this process asked the last time. */
  ended: z.array(trialSchema),
});

/** How far a study is. */
export type Status = Readonly<z.output<typeof statusSchema>>;

/** Where a study is kept: in a journal file of this machine, or in PostgreSQL. */
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
    /** Others run the last trials; they may fail yet. */
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

/** What every operation takes. */
export interface Requests {
  /** Opens a study, or makes it if `new` says how; `worker` is 0 for the first of several. */
  readonly create: {
    readonly store: StorePlace;
    /** Null for the only one that is there. */
    readonly study: string | null;
    readonly new: {
      /** Where `study` is null. */
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
