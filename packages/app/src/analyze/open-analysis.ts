import { createHash } from "node:crypto";
import path from "node:path";
import { findModel, FOLDERS, releaseFolder, readBytes, type Terminal } from "@mien/cli";
import {
  createPipeline,
  type Person,
  type FrameProcessor,
  type PipelineOptions,
} from "@mien/runtime";
import { findFaceModel } from "../face-models.ts";
import { openPeople, sayWhoIsRecognised, type PeopleChoice } from "../people/open-people.ts";
import type { PersonStore } from "../people/person-store.ts";
import { openCropped } from "./cropped-faces.ts";

/** What the user chose for an analysis. */
export interface AnalysisChoice {
  /** The expression model; undefined for the default. */
  readonly model: string | undefined;
  /** The face detector; undefined for the default. */
  readonly detector: string | undefined;
  /** Whether each picture is one cropped face. */
  readonly cropped: boolean;
  /** The people to recognise; undefined for nobody. */
  readonly people: PeopleChoice | undefined;
  readonly threads: number;
  /** The settings of the pipeline that were given, and the name of the source. */
  readonly settings: Omit<PipelineOptions, "expression" | "detector" | "people" | "threads">;
}

/** The models of an analysis. */
export interface OpenedAnalysis {
  readonly pipeline: FrameProcessor;
  /** The path of the expression model. */
  readonly model: string;
  /** What determines the results besides the source: hashes of models and people, and the settings. */
  readonly inputs: unknown;
  /** The people to recognise; undefined for nobody. */
  readonly store: PersonStore | undefined;
  close(): Promise<void>;
}

/**
 * Opens the models that the user chose, and prints their paths and who is recognised.
 *
 * @throws {MienError} errors of opening the models, the people and the pipeline.
 */
export async function openAnalysis(
  choice: AnalysisChoice,
  terminal: Terminal,
): Promise<OpenedAnalysis> {
  const { threads } = choice;
  const model = await findModel(choice.model);
  const say = ({ labels }: FrameProcessor, rest = "") => {
    const reason = reasonFor(model, choice.model);
    terminal.say(`model ${model} (${reason}): ${labels.join(", ")}${rest}`);
  };
  if (choice.cropped) {
    const { merge = "", source = "" } = choice.settings;
    const pipeline = await openCropped(model, { threads, merge, source });
    say(pipeline);
    const inputs = { cropped: true, expression: await hashOf(model), merge };
    return { pipeline, model, inputs, store: undefined, close: () => pipeline.close() };
  }
  const detector = findFaceModel("detector", choice.detector);
  const store = choice.people && (await openPeople(choice.people, terminal));
  const closePeople = async () => {
    await store?.close();
    await store?.people.recogniser.close();
  };
  try {
    if (store !== undefined) sayWhoIsRecognised(store, terminal);
    const pipeline = await createPipeline({
      ...choice.settings,
      ...(store === undefined ? {} : { people: store.people }),
      expression: model,
      detector,
      threads,
      background: true,
    });
    say(pipeline, `; face detector ${detector}`);
    const close = async () => {
      await pipeline.close();
      await closePeople();
    };
    const inputs = {
      expression: await hashOf(model),
      detector: await hashOf(detector),
      people: store === undefined ? null : hashOfPeople(store.people.list()),
      recogniser: choice.people?.recogniser ?? null,
      settings: pipeline.settings,
    };
    return { pipeline, model, inputs, store, close };
  } catch (error) {
    await closePeople();
    throw error;
  }
}

/** The reason why this model is used, in words. */
function reasonFor(file: string, asked: string | undefined): string {
  if (asked !== undefined) return "as --model says";
  const release = releaseFolder();
  return path.dirname(file) === path.normalize(release)
    ? `the default of ${release}/index.json`
    : `the newest in ${FOLDERS.models}/`;
}

async function hashOf(file: string): Promise<string> {
  return createHash("sha256")
    .update(await readBytes(file))
    .digest("hex");
}

/** A hash from which neither names nor features can be told. */
function hashOfPeople(people: readonly Person[]): string {
  const hash = createHash("sha256");
  for (const { name, features } of people) {
    hash.update(`${name}\0`);
    for (const feature of features)
      hash.update(new Uint8Array(feature.buffer, feature.byteOffset, feature.byteLength));
  }
  return hash.digest("hex");
}
