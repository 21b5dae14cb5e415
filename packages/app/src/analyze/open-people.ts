import { stat } from "node:fs/promises";
import { formatPercent, type Terminal } from "@mien/cli";
import { MienError } from "@mien/format";
import { type Calibration, createLbph, loadPeople, openEmbedding, People } from "@mien/runtime";
import { findFaceModel } from "../face-models.ts";

/** How people are recognised. */
export interface RecognitionChoice {
  /** The folder of enrolled people. */
  readonly folder: string;
  readonly recogniser: "embedding" | "lbph";
  readonly threads: number;
}

/**
 * Opens a folder of enrolled people and says who is in it, and what may be expected.
 *
 * @throws {MienError} `missing-file` if there is no such folder, or nobody in it can be used.
 */
export async function openPeople(
  { folder, recogniser, threads }: RecognitionChoice,
  terminal: Terminal,
): Promise<People> {
  const isFolder = (await stat(folder).catch(() => undefined))?.isDirectory() ?? false;
  if (!isFolder) {
    throw new MienError("missing-file", `no folder of people at ${folder}`, {
      advice: "Enrol somebody with `npx nx run app:acquire`.",
    });
  }
  const people = new People(
    recogniser === "lbph"
      ? createLbph()
      : await openEmbedding(findFaceModel("embedding"), { threads, background: true }),
  );
  for (const { error } of await loadPeople(folder, people)) terminal.warn(error.message);
  if (people.size === 0) {
    await people.recogniser.close();
    throw new MienError("missing-file", `nobody in ${folder} can be recognised`, {
      advice: "Enrol somebody with `npx nx run app:acquire`.",
    });
  }
  const names = people.list().map(({ name }) => name);
  terminal.say(`people ${folder}: ${names.join(", ")}; ${expectation(people.calibration())}`);
  return people;
}

function expectation({ falseAccept, falseReject }: Calibration): string {
  const share = (rate: number | null) =>
    rate === null ? "an unknown share" : formatPercent(rate, 1);
  return (
    `expect ${share(falseAccept)} of strangers to be taken for one of them ` +
    `and ${share(falseReject)} of their own pictures for a stranger's`
  );
}
