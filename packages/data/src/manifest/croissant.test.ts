import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Terminal } from "@mien/cli";
import { peerPython } from "@mien/bench";
import { parseDatasetManifest } from "@mien/format";
import { isLong, runPython } from "@mien/testing";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/folder.ts";
import { TINY } from "../testing/csv-text.ts";
import { writeManifest, croissantOf } from "./croissant.ts";

const CSV = "emotion,pixels,Usage\n0,1 2 3 4,Training\n2,255 0 7 80,PublicTest\n";
const FER2013 = path.resolve(import.meta.dirname, "../../../../datasets/fer2013");

const readJson = async (file: string): Promise<unknown> =>
  JSON.parse(await readFile(file, "utf8")) as unknown;

describe("Croissant", () => {
  it("of FER2013 in datasets/ says what its manifest says", async () => {
    const manifest = parseDatasetManifest(await readJson(`${FER2013}/manifest.json`), "manifest");
    const stored = await readJson(`${FER2013}/croissant.json`);
    expect(stored).toEqual(JSON.parse(JSON.stringify(croissantOf(manifest))));
  });

  it("without a file has the classes only", () => {
    const croissant = croissantOf(TINY);
    expect(croissant.recordSet.map((set) => set["@id"])).toEqual(["classes"]);
    expect(croissant).not.toHaveProperty("distribution");
  });
});

const READ = `
import json, sys, warnings
warnings.simplefilter("ignore")
import mlcroissant
dataset = mlcroissant.Dataset(jsonld=sys.argv[1])
text = lambda value: value.decode() if isinstance(value, bytes) else value
records = lambda name: [{key: text(value) if isinstance(value, (bytes, str)) else int(value) for key, value in record.items()} for record in dataset.records(name)]
print(json.dumps({"errors": list(dataset.metadata.ctx.issues.errors), "images": records("images") if len(sys.argv) > 2 else [], "classes": records("classes")}))`;

// mlcroissant needs pandas and 20 more packages, which are too many for the environment of the set-up.
describe.skipIf(!process.env["CI"] && !isLong)(
  "the real mlcroissant (only with CI or MIEN_LONG, because it is installed for this test)",
  () => {
    it("validates the descriptions, and reads the rows of the CSV by them", async () => {
      const progress = () => ({ update: () => undefined, stop: () => undefined });
      const terminal = { say: () => undefined, progress } as unknown as Terminal;
      const python = await peerPython(["mlcroissant==1.1.1"], { terminal });
      const folder = await temporaryFolder();
      await writeFile(path.join(folder, "tiny.csv"), CSV);
      const sha256 = createHash("sha256").update(CSV).digest("hex");
      const manifest = { ...TINY, file: { name: "tiny.csv", sha256, rows: 2 } };
      const croissant = await writeManifest(path.join(folder, "tiny.manifest.json"), manifest);
      const classes = TINY.classes.map((name, label) => ({
        "classes/label": label,
        "classes/name": name,
      }));
      expect(runPython(READ, { args: [croissant, "images"], python })).toEqual({
        errors: [],
        classes,
        images: [
          { "images/emotion": 0, "images/pixels": "1 2 3 4", "images/Usage": "Training" },
          { "images/emotion": 2, "images/pixels": "255 0 7 80", "images/Usage": "PublicTest" },
        ],
      });
      const bare = await writeManifest(path.join(folder, "bare.manifest.json"), TINY);
      expect(runPython(READ, { args: [bare], python })).toMatchObject({ errors: [], classes });
      expect(runPython(READ, { args: [`${FER2013}/croissant.json`], python })).toMatchObject({
        errors: [],
      });
    }, 300_000);
  },
);
