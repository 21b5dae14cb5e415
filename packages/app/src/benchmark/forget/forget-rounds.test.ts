import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { launchChromium } from "@mien/bench";
import { dataFolder, findModel } from "@mien/cli";
import { openEmbedding, People } from "@mien/runtime";
import { isLong } from "@mien/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
/** Long enough for a busy machine. */
const PATIENCE = 900_000;

const home = process.cwd();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-forget-"));
  // Where the released models are.
  process.chdir(ROOT);
});
afterAll(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(withoutChromium || withoutData || !existsSync(builtPage()))("a deletion", () => {
  it(
    "at any moment leaves no name, picture or embedding in files and messages, while app:live records, app:analyze writes and two pages watch",
    async () => {
      const detector = path.resolve(findFaceModel("detector"));
      const maker = await openSceneMaker(undefined, detector);
      const scene = await maker.scene({ ...SCENE_SIZE, faces: 1 });
      const { film, crops } = await filmOfPerson(folder, scene, detector);
      const root = path.join(folder, "work");
      const people = new People(await openEmbedding(findFaceModel("embedding")));
      const store = await PersonStore.open(path.join(root, "people"), people, [root]);
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
        await people.recogniser.close();
      }
    },
    PATIENCE,
  );
});
