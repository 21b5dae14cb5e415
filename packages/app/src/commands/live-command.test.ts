import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { programWords } from "@mien/testing";
import type { LiveResult } from "@mien/web";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { spotFolder } from "../testing/start-live.ts";
import { builtPage } from "../server/page-files.ts";

const FIXTURES = path.resolve(import.meta.dirname, "../../../runtime/fixtures");
const WEB = path.resolve(import.meta.dirname, "../../../web");
/** Where the released face models are. */
const ROOT = path.resolve(import.meta.dirname, "../../../..");
const BIN = path.resolve(import.meta.dirname, "../bin.ts");

let folder: string;
const running: ChildProcess[] = [];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-live-command-"));
  // As `nx run app:live` does first.
  if (!existsSync(builtPage())) await build({ configFile: path.join(WEB, "vite.config.js") });
});
afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

/** Starts the command and waits until it prints something. */
async function live(sentence: RegExp, ...flags: string[]) {
  const models = [
    "--model",
    path.join(FIXTURES, "halves.onnx"),
    "--detector",
    path.join(FIXTURES, "spots.onnx"),
    "--people",
    path.join(folder, "people"),
    "--sessions",
    path.join(folder, "sessions"),
  ];
  const [node, ...words] = programWords(BIN);
  const argv = [...words, "live", "--no-open", ...models, ...flags];
  const child = spawn(node, argv, { cwd: ROOT });
  running.push(child);
  let said = "";
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const found = await new Promise<RegExpExecArray>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        const match = sentence.exec(said);
        if (match !== null) resolve(match);
      });
    }
    void ended.then((code) => reject(new Error(`ended with ${code}: ${said}`)));
  });
  return { child, found, ended, said: () => said };
}

const PAGE = /^page {2}(http:\/\/127\.0\.0\.1:(\d+))(\/\S*)? /m;

describe("app:live", () => {
  it("serves page and results of a folder on a free port until Ctrl-C, and prints totals", async () => {
    const source = await spotFolder(folder);
    // The folder is played repeatedly, and these are skipped each time.
    for (let i = 0; i < 12; i++) await writeFile(path.join(source, `${i}.jpg`), "no image");
    const { child, found, ended, said } = await live(PAGE, "--source", source, "--port", "0");
    const origin = found[1] as string;
    expect(await (await fetch(origin)).text()).toContain("<title>mien live</title>");
    const socket = new WebSocket(`${origin.replace("http", "ws")}/ws`);
    const result = await new Promise<LiveResult>((resolve) => {
      socket.on("message", (data: Buffer, isBinary: boolean) => {
        if (isBinary) return;
        const message = JSON.parse(data.toString()) as LiveResult;
        if (message.type === "frame") resolve(message);
      });
    });
    expect(result.faces).toHaveLength(1);
    expect(said()).toMatch(/recognition is off: nobody is enrolled/);
    const busy = await live(
      /port \d+ is in use/,
      "--source",
      source,
      "--port",
      found[2] as string,
    ).then(({ ended: code }) => code);
    expect(busy).toBe(1);
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(said()).toMatch(/frames +faces +left out[^]*next {2}npx nx run app:analyze --source/);
    expect(said().match(/\d\.jpg is no JPEG/g)).toHaveLength(10);
    expect(said()).toMatch(/\d+ warnings \(skipped\); the first 10 were printed/);
  });

  it("fails before it opens the page if the source is missing", async () => {
    const { ended } = await live(/cannot find gone\.mp4/, "--source", "gone.mp4");
    expect(await ended).toBe(1);
  });
});
