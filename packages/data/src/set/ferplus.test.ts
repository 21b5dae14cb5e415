import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { USAGES, type ImageSet } from "@mien/format";
import { afterEach, describe, expect, it, vi } from "vitest";
import { findVotes, loadVotes, VOTE_COLUMNS, voteDistribution, voteWinners } from "./ferplus.ts";
import { loadDataset } from "./load-dataset.ts";
import { TINY } from "../testing/csv-text.ts";
import { temporaryCurrentFolder, temporaryFolder } from "../testing/folder.ts";

const CLASSES = ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"];
const HEADER =
  "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF";
const FILE = [
  HEADER,
  "Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0",
  "Training,,0,0,0,0,0,0,0,0,0,10",
  "PublicTest,fer0000002.png,4,4,0,0,0,0,0,0,2,0",
  "PrivateTest,fer0000003.png,0,1,0,0,0,0,2,7,0,0",
  "",
].join("\r\n");

/** Blank images; row 1 of the CSV is left out. */
const SET: ImageSet = {
  height: 1,
  width: 1,
  channels: 1,
  classes: CLASSES,
  pixels: new Uint8Array(3),
  labels: new Uint8Array(3),
  usage: Uint8Array.of(0, 1, 2),
  row: Uint32Array.of(0, 2, 3),
};

async function votesIn(content: string | Buffer, name = "ferplus.csv") {
  const ferplus = path.join(await temporaryFolder(), name);
  await writeFile(ferplus, content);
  return loadVotes({ ferplus, set: SET });
}

afterEach(() => vi.unstubAllEnvs());

describe("loadVotes", () => {
  it("assigns to each image the votes on its CSV row, plain or gzipped", async () => {
    const plain = await votesIn(FILE);
    expect(plain.columns).toEqual(VOTE_COLUMNS);
    expect([...plain.counts.subarray(10, 20)]).toEqual([4, 4, 0, 0, 0, 0, 0, 0, 2, 0]);
    const zipped = await votesIn(gzipSync(FILE), "ferplus.csv.gz");
    expect(zipped.counts).toEqual(plain.counts);
    expect(zipped.sha256).toBe(plain.sha256);
  });

  it("reads cells in quotes, and says where a quote does not end", async () => {
    const quoted = FILE.replace("fer0000002.png", '"fer, ""2""\r\n.png"').replace(
      "Usage,",
      '"Usage",',
    );
    expect((await votesIn(quoted)).counts).toEqual((await votesIn(FILE)).counts);
    await expect(votesIn(FILE.replace("fer0000002", '"fer'))).rejects.toThrow(
      /is not a CSV: .*[Qq]uote/,
    );
  });

  it("searches MIEN_DATA, and names the folders that it searched", async () => {
    const folder = await temporaryCurrentFolder();
    vi.stubEnv("MIEN_DATA", folder);
    await expect(loadVotes({ set: SET })).rejects.toThrow(folder);
    expect(await findVotes({ set: SET })).toBeUndefined();
    await writeFile(path.join(folder, "ferplus.csv.gz"), gzipSync(FILE));
    expect((await loadVotes({ set: SET })).counts).toHaveLength(30);
    await expect(loadVotes({ ferplus: "no-such.csv", set: SET })).rejects.toMatchObject({
      code: "missing-file",
    });
  });

  describe("finds votes under both names, plain and gzipped", () => {
    it.each(["ferplus.csv", "ferplus.csv.gz", "fer2013new.csv", "fer2013new.csv.gz"])(
      "%s beside the data set, in MIEN_DATA and in datasets/, in this order",
      async (name) => {
        const home = await temporaryCurrentFolder();
        vi.stubEnv("MIEN_DATA", path.join(home, "data"));
        const csv = "beside/fer2013.csv";
        const last = path.join("datasets/fer2013", name);
        const places = [path.join("beside", name), path.join(home, "data", name), last];
        const content = name.endsWith(".gz") ? gzipSync(FILE) : FILE;
        for (const place of places) {
          await mkdir(path.dirname(place), { recursive: true });
          await writeFile(place, content);
        }
        await writeFile("datasets/fer2013/manifest.json", JSON.stringify(TINY));
        for (const place of places) {
          expect((await findVotes({ csv, set: SET }))?.path).toBe(place);
          await rm(place);
        }
        expect(await findVotes({ csv, set: SET })).toBeUndefined();
        await writeFile("datasets/fer2013/archive.zip", "");
        await expect(loadVotes({ csv, set: SET })).rejects.toThrow(
          /beside \(found no CSV[^]*data \(found[^]*datasets\/fer2013 \(found archive\.zip\)/,
        );
      },
    );

    it("refuses a MIEN_DATA that is not a folder, and does not take the data set for votes", async () => {
      const folder = await temporaryFolder();
      const csv = path.join(folder, "ferplus.csv");
      await writeFile(csv, FILE);
      vi.stubEnv("MIEN_DATA", "");
      expect(await findVotes({ csv, set: SET })).toBeUndefined();
      vi.stubEnv("MIEN_DATA", path.join(folder, "typo"));
      await expect(findVotes({ set: SET })).rejects.toThrow("no such folder");
    });
  });

  it("refuses another kind of file, and names the difference", async () => {
    await expect(votesIn("emotion,pixels,Usage\n")).rejects.toThrow(/expected the header Usage/);
    await expect(votesIn("")).rejects.toThrow(/found nothing/);
    await expect(votesIn(FILE.replace("4,4,0", "4,x,0"))).rejects.toThrow(/line 4: .* found "x"/);
    await expect(votesIn(FILE.replace("4,4,0", "4,4"))).rejects.toThrow(/line 4: .* found 9/);
  });

  it("refuses votes on other images: with more rows, or with another Usage in a row", async () => {
    const longer = `${FILE}PrivateTest,fer4.png,0,0,0,0,0,0,0,0,0,1\n`;
    const shifted = FILE.replace("PublicTest", "Training");
    await expect(votesIn(longer)).rejects.toThrow(/has 5 rows, the data set 4/);
    await expect(votesIn(shifted)).rejects.toThrow(
      /Usage of row 2 is Training, in the data set PublicTest/,
    );
    vi.stubEnv("MIEN_DATA", await temporaryFolder());
    const ferplus = path.join(process.env["MIEN_DATA"] as string, "ferplus.csv");
    await writeFile(ferplus, shifted);
    expect(await findVotes({ set: SET })).toBeUndefined();
    await expect(findVotes({ set: SET, ferplus })).rejects.toMatchObject({ code: "mismatch" });
  });

  it("ignores votes that lack a class, unless the file was named", async () => {
    vi.stubEnv("MIEN_DATA", await temporaryFolder());
    const ferplus = path.join(process.env["MIEN_DATA"] as string, "ferplus.csv");
    await writeFile(ferplus, FILE);
    const set = { ...SET, classes: ["Negative", ...SET.classes.slice(1)] };
    expect(await findVotes({ set })).toBeUndefined();
    await expect(findVotes({ set, ferplus })).rejects.toMatchObject({ code: "unsupported" });
  });
});

describe("voteDistribution and voteWinners", () => {
  it("count only the votes for the classes", async () => {
    const shares = voteDistribution(await votesIn(FILE), CLASSES);
    expect([...shares.subarray(0, 7)]).toEqual(
      [3, 2, 0, 0, 1, 0, 4].map((n) => Math.fround(n / 10)),
    );
    expect(shares[14 + 2]).toBeCloseTo(2 / 3);
    const nobody = await votesIn(FILE.replace("4,0,0,1,3,2,0,0,0,0", "0,0,0,0,0,0,0,0,0,10"));
    expect([...voteDistribution(nobody, CLASSES).subarray(0, 7)]).toEqual(Array(7).fill(0));
  });

  it("give no winner for a tie, nor for an answer that is not a class", async () => {
    const votes = await votesIn(FILE);
    expect([...voteWinners(votes, CLASSES)]).toEqual([6, -1, -1]);
    expect([...voteWinners(votes, ["Contempt", "neutral"])]).toEqual([1, -1, 0]);
  });

  it("refuse a class that FER+ has no votes for", async () => {
    const votes = await votesIn(FILE);
    expect(() => voteWinners(votes, ["Happy", "Bored"])).toThrow(/no votes for the class "Bored"/);
  });
});

const DATA = process.env["MIEN_DATA"] ?? "";
const HAS_BOTH = ["fer2013.csv.gz", "ferplus.csv.gz"].every((f) => existsSync(path.join(DATA, f)));

describe.skipIf(DATA === "" || !HAS_BOTH)("FER+ (in MIEN_DATA)", () => {
  it("has one winner among the seven classes in 3,350 rows of PrivateTest", async () => {
    const { set } = await loadDataset({ cacheFolder: await temporaryFolder() });
    const winners = voteWinners(await loadVotes({ set }), set.classes);
    const judged = USAGES.map(
      (_, usage) => [...winners].filter((w, i) => w >= 0 && set.usage[i] === usage).length,
    );
    expect(judged).toEqual([26_778, 3372, 3350]);
    const differing = [...winners].filter((w, i) => w >= 0 && w !== set.labels[i]).length;
    expect(differing / judged.reduce((a, b) => a + b)).toBeCloseTo(0.343, 3);
  });
});
