import { streamLine, type FrameResult } from "@mien/format";
import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { csvHeader, csvLines } from "./results-csv.ts";

const FRAME: FrameResult = {
  ...{ type: "frame", source: 'a,b\n"c"\r.jpg', frame: 3, timeMs: 100, width: 64, height: 48 },
  timings: { total: 1 },
  faces: [true, false, null].map((quorumReached) => ({
    ...{ track: 1, box: [1, 2, 3, 4], score: 0.5, distanceMm: 900, relief: "face" },
    ...{ person: { name: "Ada", distance: 0.25 }, probabilities: [0.75, 0.25] },
    ...{ expression: "Happy", confirmed: quorumReached === null ? null : "Neutral", quorumReached },
  })),
};
const LABELS = ["Happy", "so, so\r"];

describe("a table of faces", () => {
  it("is read back as it was by another program, and tells false from unknown", () => {
    const text = [csvHeader(LABELS), ...csvLines(FRAME)].map((row) => `${row}\n`).join("");
    const rows: Record<string, string>[] = parse(text, { columns: true, record_delimiter: "\n" });
    expect(rows.map((row) => row["quorumReached"])).toEqual(["true", "false", ""]);
    expect(rows[2]).toEqual({
      ...{ source: FRAME.source, frame: "3", timeMs: "100", track: "1", x: "1", y: "2" },
      ...{ width: "3", height: "4", score: "0.5", distanceMm: "900", relief: "face" },
      ...{ person: "Ada", personDistance: "0.25", expression: "Happy", confirmed: "" },
      ...{ quorumReached: "", p_Happy: "0.750000", "p_so, so\r": "0.250000" },
    });
  });

  it("calls the values that results.jsonl has, too, by the same names", () => {
    const [face] = FRAME.faces;
    const names = Object.keys({ ...FRAME, ...face });
    const own = ["x", "y", "width", "height", "personDistance", "p_Happy"];
    expect(
      csvHeader(["Happy"])
        .split(",")
        .filter((name) => !names.includes(name)),
    ).toEqual(own.filter((name) => !names.includes(name)));
    expect(Object.keys(streamLine({ source: "", frameRate: null, model: "", labels: [] }))).toEqual(
      ["type", "source", "frameRate", "box", "model", "labels"],
    );
  });
});
