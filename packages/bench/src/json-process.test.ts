import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { openJsonProcess, processContender } from "./json-process.ts";
import { openKeras } from "./keras.ts";

/**
 * Starts a Node program that answers with the result of `answer`, the body of a function of
 * `question`.
 */
function open(answer: string, signal?: AbortSignal) {
  const program = `
    const answer = (question) => { ${answer} };
    require("node:readline").createInterface(process.stdin).on("line", (line) =>
      console.log(JSON.stringify(answer(JSON.parse(line)))));`;
  const opened = openJsonProcess(process.execPath, { name: "it", args: ["-e", program], signal });
  onTestFinished(() => opened.close());
  return opened;
}

describe("openJsonProcess", () => {
  it("answers question by question", async () => {
    const opened = open("return { twice: 2 * question.n }");
    const schema = z.object({ twice: z.number() });
    expect(await opened.ask({ n: 2 }, schema)).toEqual({ twice: 4 });
    expect(await opened.ask({ n: 3 }, schema)).toEqual({ twice: 6 });
  });

  it("gives turns without a limit, and reads what they took", async () => {
    const opened = open(
      "return { durations: [question.ms === null ? 1 : 2], last: question.calls }",
    );
    const contender = processContender("it", opened);
    expect(await contender.turn({ ms: Infinity, calls: 3 })).toEqual({ durations: [1], last: 3 });
    expect(await contender.turn({ ms: 9, calls: 4 })).toEqual({ durations: [2], last: 4 });
  });

  it("says what the program complained about when it ends, or answers something else", async () => {
    const broken = open('throw new Error("out of paper")').ask({}, z.null());
    await expect(broken).rejects.toThrow(/it stopped unexpectedly[^]*out of paper/);
    const odd = open("return 7").ask({}, z.string());
    await expect(odd).rejects.toMatchObject({ code: "environment" });
    const absent = openJsonProcess("/no/such/program", { name: "it", args: [] });
    await expect(absent.next(z.string())).rejects.toThrow(/ENOENT/);
  });

  it("ends on the signal, also during a question", async () => {
    const interruption = new AbortController();
    const asked = open("for (;;);", interruption.signal).ask({}, z.null());
    setTimeout(() => interruption.abort(), 100);
    await expect(asked).rejects.toMatchObject({ code: "interrupted" });
  });
});

it.skipIf(process.platform === "win32")("ends a program that does not listen", async () => {
  const deaf =
    'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log(String(process.pid))';
  const opened = openJsonProcess(process.execPath, { name: "it", args: ["-e", deaf] });
  const pid = await opened.next(z.number());
  await opened.close();
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
});

describe.skipIf(process.platform === "win32")("openKeras", () => {
  it("keeps Keras' settings in the cache folder instead of the user's home folder", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "mien-keras-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const python = path.join(folder, "python");
    await writeFile(python, '#!/bin/sh\necho "\\"$KERAS_HOME\\""\n');
    await chmod(python, 0o755);
    const before = process.env["MIEN_CACHE"];
    process.env["MIEN_CACHE"] = folder;
    onTestFinished(() => {
      if (before === undefined) delete process.env["MIEN_CACHE"];
      else process.env["MIEN_CACHE"] = before;
    });
    expect(await openKeras(python, []).next(z.string())).toBe(path.join(folder, "keras"));
  });
});
