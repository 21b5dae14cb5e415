import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { launchChromium } from "@mien/bench";
import { openSource, type Source } from "@mien/camera";
import { dataFolder, findModel } from "@mien/cli";
import { createPipeline, openEmbedding, People } from "@mien/runtime";
import { isLong } from "@mien/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { analyzeFrames } from "../../analyze/analyze-frames.ts";
import { ResultFolder } from "../../analyze/result-folder.ts";
import { findFaceModel } from "../../face-models.ts";
import { PersonStore } from "../../people/person-store.ts";
import { builtPage } from "../../server/page-files.ts";
import { withoutChromium } from "../../testing/page-tests.ts";
import { openSceneMaker } from "../face-scene.ts";
import { SCENE_SIZE } from "../live/panning-films.ts";
import { forgetRounds, isClean } from "./forget-rounds.ts";
import { filmOfPerson } from "./person-film.ts";

const ROOT = path.resolve(import.meta.dirname, "../../../../..");
/** The test needs a photograph of a face. */
const withoutData = (await dataFolder()) === undefined;
const isSkipped = withoutChromium || withoutData || !existsSync(builtPage());
/** Long enough for a busy machine. */
const PATIENCE = 900_000;

const home = process.cwd();
let folder: string;
let detector: string;
let person: Awaited<ReturnType<typeof filmOfPerson>>;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-forget-"));
  // Where the released models are.
  process.chdir(ROOT);
  if (isSkipped) return;
  detector = path.resolve(findFaceModel("detector"));
  const maker = await openSceneMaker(undefined, detector);
  const scene = await maker.scene({ ...SCENE_SIZE, faces: 1 });
  person = await filmOfPerson(folder, scene, detector);
});
afterAll(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(isSkipped)("a deletion", () => {
  it(
    "at any moment leaves no name, picture or embedding in files and messages, while app:live records, app:analyze writes and two pages watch",
    async () => {
      const { film, crops } = person;
      const root = path.join(folder, "work");
      const store = await openStore(root);
      const browser = await launchChromium();
      try {
        const rounds = await forgetRounds({
          rounds: isLong ? 10 : 2,
          seed: 3,
          root,
          film,
          crops,
          store,
          model: path.resolve(await findModel(undefined)),
          detector,
          browser,
          signal: new AbortController().signal,
        });
        expect(rounds.filter((round) => !isClean(round))).toEqual([]);
        expect(rounds.every(({ messagesBefore }) => messagesBefore > 0)).toBe(true);
      } finally {
        await browser.close();
        await store.people.recogniser.close();
      }
    },
    PATIENCE,
  );

  it(
    "at the end of an analysis, while its source is closed, leaves no name in the summary",
    async () => {
      const root = path.join(folder, "end");
      const other = await openStore(root);
      const consent = { given: new Date().toISOString(), keepDays: 30 };
      await other.add("Ada", person.crops, consent);
      const store = await openStore(root);
      const pipeline = await createPipeline({
        expression: await findModel(undefined),
        detector,
        people: store.people,
      });
      const source = await openSource(person.film);
      const out = path.join(root, "out");
      const inputs = { source: source.name, state: undefined, models: null };
      const output = await ResultFolder.open(out, { inputs, csv: false, fresh: false });
      const seen = new Set<string>();
      const closing: Source = {
        ...source,
        async close() {
          await source.close();
          for (const name of seen) await other.delete(name);
        },
      };
      try {
        const { people } = await analyzeFrames(closing, pipeline, {
          header: { labels: pipeline.labels, model: "" },
          output,
          isStateless: false,
          annotate: false,
          maxFrames: 20,
          signal: new AbortController().signal,
          store,
          onFrame: ({ faces }) => {
            for (const face of faces) if (face.person !== null) seen.add(face.person.name);
          },
        });
        expect(seen.size).toBeGreaterThan(0);
        expect(people).toEqual({});
      } finally {
        await output.close();
        await store.close();
        await pipeline.close();
        for (const one of [store, other]) await one.people.recogniser.close();
      }
    },
    PATIENCE,
  );
});

async function openStore(root: string): Promise<PersonStore> {
  const people = new People(await openEmbedding(findFaceModel("embedding")));
  return PersonStore.open(path.join(root, "people"), people, [root]);
}
