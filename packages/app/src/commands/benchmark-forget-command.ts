import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { defineCommand, findModel, outOption, writeJson } from "@mien/cli";
import { MienError } from "@mien/format";
import { detectorOption, modelOption, photoOption } from "../shared-options.ts";

export const benchmarkForget = defineCommand({
  name: "benchmark-forget",
  summary: "Delete a person at random moments and look for what is left",
  details:
    "In each round, enrols a person under a random name. While app:live records, app:analyze writes and two pages in headless Chromium watch, deletes the person at a random moment: by app:people, on the page, or by app:people after app:analyze was killed.\n" +
    "Then looks for the name, the pictures and the embeddings in all files and in all messages and pages. Fails if it finds any.",
  examples: [
    "npx nx run app:benchmark-forget --photo face.jpg",
    "npx nx run app:benchmark-forget --photo face.jpg --rounds 5 --seed 2",
  ],
  options: {
    photo: photoOption,
    rounds: {
      type: "integer",
      unit: "deletions",
      min: 1,
      max: 1000,
      default: 50,
      description: "Number of deletions",
    },
    seed: {
      type: "integer",
      unit: null,
      min: 0,
      max: 1_000_000,
      default: 1,
      description: "Seed of the names, ways and moments of the deletions",
    },
    model: modelOption,
    detector: detectorOption,
    out: { ...outOption("Folder of the results"), default: "artifacts/benchmark-forget" },
  },
  async run(values, { terminal, signal }) {
    const { rounds, seed, out } = values;
    const [bench, scenes, films, forget, { findFaceModel }, { SCENE_SIZE }, people, table] =
      await Promise.all([
        import("@mien/bench"),
        import("../benchmark/face-scene.ts"),
        import("../benchmark/forget/person-film.ts"),
        import("../benchmark/forget/forget-rounds.ts"),
        import("../face-models.ts"),
        import("../benchmark/live/panning-films.ts"),
        import("../people/open-people.ts"),
        import("../benchmark/forget/forget-table.ts"),
      ]);
    const detector = path.resolve(findFaceModel("detector", values.detector));
    const model = path.resolve(await findModel(values.model));
    const root = path.resolve(out, "work");
    await rm(root, { recursive: true, force: true });
    await mkdir(root, { recursive: true });
    const maker = await scenes.openSceneMaker(values.photo, detector);
    const scene = await maker.scene({ ...SCENE_SIZE, faces: 1 });
    const { film, crops } = await films.filmOfPerson(path.resolve(out), scene, detector);
    const opened = await people.openPeople(
      { folder: path.join(root, "people"), results: [root] },
      terminal,
    );
    const browser = await bench.launchChromium();
    const progress = terminal.progress("deletions", rounds);
    const found = await forget
      .forgetRounds({
        ...{ rounds, seed, root, film, crops, store: opened, model, detector, browser, signal },
        onRound: (done) => progress.update(done),
      })
      .finally(async () => {
        progress.stop();
        await browser.close();
        await opened.people.recogniser.close();
      });
    table.showRounds(terminal, found);
    const file = path.join(out, "benchmark-forget.json");
    const result = { seed, rounds: found };
    await writeJson(file, result);
    terminal.wrote(file);
    const unclean = found.filter((round) => !forget.isClean(round)).length;
    if (unclean > 0) {
      throw new MienError("environment", `${unclean} of ${found.length} deletions left something`);
    }
    terminal.next("npx nx run app:people", "lists who is enrolled");
    return result;
  },
});
