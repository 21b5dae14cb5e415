import path from "node:path";
import { findModel, FOLDERS, type Terminal } from "@mien/cli";
import { createPipeline, type FrameProcessor, type PipelineOptions } from "@mien/runtime";
import { findFaceModel } from "../face-models.ts";
import { openPeople, sayWhoIsRecognised, type PeopleChoice } from "../people/open-people.ts";
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
    const pipeline = await openCropped(model, { threads });
    say(pipeline);
    return { pipeline, model, close: () => pipeline.close() };
  }
  const detector = findFaceModel("detector", choice.detector);
  const store = choice.people && (await openPeople(choice.people, terminal));
  const closePeople = async () => store?.people.recogniser.close();
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
    return { pipeline, model, close };
  } catch (error) {
    await closePeople();
    throw error;
  }
}

/** The reason why this model is used, in words. */
function reasonFor(file: string, asked: string | undefined): string {
  if (asked !== undefined) return "as --model says";
  return path.dirname(file) === path.normalize(FOLDERS.release)
    ? `the default of ${FOLDERS.release}/index.json`
    : `the newest in ${FOLDERS.models}/`;
}
