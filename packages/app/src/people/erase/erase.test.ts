import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { FrameResult } from "@mien/format";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { csvHeader, csvLines } from "../../results/faces-csv.ts";
import { eraseName } from "./erase.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), "mien-erase-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const at = (name: string) => path.join(root, name);
const erase = (name: string) => eraseName(root, name, at("people"));
const rowsOf = (csv: string) => parse(csv, { relax_column_count: true, record_delimiter: "\n" });

/** Texts with everything that a CSV treats specially. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", "Ada", ",", '"', "\n", "\r\n", "\r", " ", "é", "字") }),
  fc.string({ unit: "grapheme" }),
);
const filled = text.filter((value) => value.normalize("NFC").trim() !== "");

function faceOf(name: string | null, labels: readonly string[]): FrameResult["faces"][number] {
  return {
    track: 1,
    box: [1, 2, 3.5, 4] as const,
    score: 0.5,
    distanceMm: null,
    relief: "unknown" as const,
    person: name === null ? null : { name, distance: 0.25 },
    probabilities: labels.map(() => 1 / labels.length),
    expression: labels[0] as string,
    confirmed: labels[0] as string,
    quorumReached: true,
  };
}

describe("erasing a name", () => {
  it("empties the cells about the person and no others, for any paths, labels and names", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          source: text,
          labels: fc.uniqueArray(filled, { minLength: 1, maxLength: 3 }),
          name: filled,
          others: fc.array(fc.option(filled), { maxLength: 3 }),
        }),
        async ({ source, labels, name, others }) => {
          const same = (one: string) =>
            one
              .normalize("NFC")
              .replace(/\p{Zs}+/gu, " ")
              .replace(/^ | $/g, "");
          const names = [...others, name, null].filter(
            (other) => other === null || other === name || same(other) !== same(name),
          );
          const frame: FrameResult = {
            type: "frame",
            source,
            frame: 0,
            timeMs: 0,
            width: 9,
            height: 9,
            timings: {},
            faces: names.map((one) => faceOf(one, labels)),
          };
          const csv = [csvHeader(labels), ...csvLines(frame)].map((line) => `${line}\n`).join("");
          await writeFile(at("faces.csv"), csv);
          await writeFile(at("results.jsonl"), `${JSON.stringify(frame)}\n`);
          await erase(name);
          const [head = [], ...before] = rowsOf(csv);
          const person = head.indexOf("person");
          const about = [person, person + 1];
          expect(rowsOf(await readFile(at("faces.csv"), "utf8"))).toEqual([
            head,
            ...before.map((row) =>
              row[person] === name ? row.map((cell, i) => (about.includes(i) ? "" : cell)) : row,
            ),
          ]);
          const line = await readFile(at("results.jsonl"), "utf8");
          expect(JSON.parse(line)).toEqual({
            ...frame,
            faces: frame.faces.map((face) =>
              face.person?.name === name ? { ...face, person: null } : face,
            ),
          });
        },
      ),
      { seed: 5, numRuns: 150 },
    );
  });

  it("keeps every other byte: line ends, quotes, byte order mark, bytes that are not UTF-8", async () => {
    const part = (text: string) => Buffer.from(text);
    const before = [
      part('\ufeffsource,"person",person_distance,confirmed\r\n"quoted",'),
      Buffer.from([0xff, 0xfe]),
      part(",,x\n"),
    ];
    const after = part('"a ""b""",Ben,0.50,\r\n\r\nshort\n');
    await writeFile(
      at("faces.csv"),
      Buffer.concat([...before, part("a,Ada,0.1,Happy\r\n"), after]),
    );
    await erase("Ada");
    expect(await readFile(at("faces.csv"))).toEqual(
      Buffer.concat([...before, part("a,,,Happy\r\n"), after]),
    );
  });

  it.each([
    [
      "faces.csv",
      'source,person,personDistance\na,Ada,1\n"b',
      'source,person,personDistance\na,,\n"b',
    ],
    ["faces.csv", 'source,person,personDistance\na,"Ad', "source,person,personDistance\n"],
    ["faces.csv", "source,person,personDistance\na,Ad", "source,person,personDistance\na,"],
    ["results.jsonl", '{"a":1}\n{"person":{"name":"Ada","dist', '{"a":1}\n'],
    ["results.jsonl", '{"a":1}\n{"person":{"name":"A', '{"a":1}\n'],
    ["results.jsonl", '{"person":{"name":"Ben"', '{"person":{"name":"Ben"'],
  ])("leaves no part of it where %s was cut off: %j", async (file, before, after) => {
    await writeFile(at(file), before);
    await erase("Ada");
    expect(await readFile(at(file), "utf8")).toBe(after);
    await rm(at(file));
  });

  it("finds every Unicode spelling, also in files of earlier versions", async () => {
    await mkdir(at("old"), { recursive: true });
    const header = { labels: ["Happy"], model: "m.onnx" };
    const old = { source: "a", faces: [{ person: { name: "Zoe\u0308", distance: 1 } }] };
    const escaped = JSON.stringify(old).replace("\u0308", "\\u0308");
    await writeFile(at("old/results.jsonl"), `${JSON.stringify(header)}\n${escaped}\n`);
    await writeFile(at("old/faces.csv"), "time_ms,person,person_distance\n0,Zoe\u0308,1\n");
    await erase("Zo\u00eb");
    expect(await readFile(at("old/results.jsonl"), "utf8")).toBe(
      `${JSON.stringify(header)}\n{"source":"a","faces":[{"person":null}]}\n`,
    );
    expect(await readFile(at("old/faces.csv"), "utf8")).toBe(
      "time_ms,person,person_distance\n0,,\n",
    );
  });
});
