import { describe, expect, it } from "vitest";
import { countTests, failedTasks, skippedTests, slowestFiles, type Report } from "./results.mjs";

const report = (change: Partial<Report>): Report => ({
  success: true,
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...change,
});

const file = (name: string, seconds: number) => ({
  ...{ name, startTime: 5000, endTime: 5000 + 1000 * seconds },
  assertionResults: [],
});

describe("the count of tests", () => {
  it("adds up every run, with todo tests among the skipped", () => {
    const count = countTests([
      report({ numPassedTests: 5, numPendingTests: 1, numTodoTests: 2 }),
      report({ success: false, numPassedTests: 3, numFailedTests: 2 }),
    ]);
    expect(count).toEqual({ passed: 8, failed: 2, skipped: 3 });
  });

  it("never hides a run that crashed before it could report", () => {
    expect(countTests([report({ numPassedTests: 5 }), undefined]).failed).toBe(1);
  });

  it("never hides a file that could not be imported", () => {
    expect(countTests([report({ success: false, numPassedTests: 5 })]).failed).toBe(1);
  });
});

describe("skipped tests", () => {
  it("are named, whichever state vitest gives them", () => {
    const states = ["passed", "skipped", "failed", "pending", "todo"];
    const assertionResults = states.map((status) => ({
      status,
      fullName: `one that is ${status}`,
    }));
    const reports = [undefined, report({ testResults: [{ ...file("a", 1), assertionResults }] })];
    expect(skippedTests(reports)).toEqual([
      "one that is skipped",
      "one that is pending",
      "one that is todo",
    ]);
  });
});

describe("the slowest files", () => {
  it("come from all runs, the slowest first", () => {
    const first = report({ testResults: [file("a", 1), file("b", 3)] });
    const second = report({ testResults: [file("c", 2)] });
    expect(slowestFiles([first, undefined, second], 2)).toEqual([
      { file: "b", seconds: 3 },
      { file: "c", seconds: 2 },
    ]);
  });
});

describe("nx's list of failed tasks", () => {
  it("is read from the end of its output", () => {
    const output = [
      "a test that prints",
      "Failed tasks:",
      "",
      "- not:this",
      "",
      " NX   Running targets lint, build for 8 projects failed",
      "",
      "Failed tasks:",
      "",
      "- plot:lint",
      "- data:build",
      "",
      "Hint: run the command with --verbose for more details.",
    ].join("\n");
    expect(failedTasks(output)).toEqual(["plot:lint", "data:build"]);
  });

  it("is empty where there is none", () => {
    expect(failedTasks("Cannot find configuration for task")).toEqual([]);
    expect(failedTasks("Failed tasks:\n\n- a:b")).toEqual(["a:b"]);
  });
});
