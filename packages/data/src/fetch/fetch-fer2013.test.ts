import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { runProgram } from "@mien/cli";
import { MienError } from "@mien/format";
import { runInProcess, runPython } from "@mien/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { program } from "../program.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { TINY } from "../testing/csv-text.ts";
import { download } from "./download.ts";

const CSV = `emotion,pixels,Usage\n${"0,1 2 3 4,Training\n2,255 0 7 80,PublicTest\n".repeat(2000)}`;
const SHA256 = createHash("sha256").update(CSV).digest("hex");
const FILE =
  "/api/v1/competitions/data/download/challenges-in-representation-learning-facial-expression-recognition-challenge/fer2013.tar.gz";

/** The CSV in archives that Python made: Python is independent of the code under test. */
const ARCHIVES = runPython(
  `
import base64, io, json, sys, tarfile, zipfile
csv = json.load(sys.stdin).encode()
def tar():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in [("fer2013/README", b"x" * 700), ("fer2013/fer2013.csv", csv), ("fer2013/fer2013.bib", b"y")]:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()
def zipped(method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("README", "x" * 700)
        archive.writestr("fer2013.csv", csv)
    return out.getvalue()
archives = {"tar.gz": tar(), "deflated zip": zipped(zipfile.ZIP_DEFLATED), "stored zip": zipped(zipfile.ZIP_STORED)}
print(json.dumps({name: base64.b64encode(content).decode() for name, content in archives.items()}))`,
  { input: CSV },
) as Record<string, string>;
const BODIES: Record<string, Buffer> = {
  ...Object.fromEntries(
    Object.entries(ARCHIVES).map(([name, text]) => [name, Buffer.from(text, "base64")]),
  ),
  "gzipped CSV": gzipSync(CSV),
  CSV: Buffer.from(CSV),
};
const TAR = BODIES["tar.gz"] ?? Buffer.alloc(0);

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** A server on this machine; `requests` lists what it was asked. */
async function serve(handler: Handler) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    handler(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { site: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** Answers as a file server does that knows ranges. */
function sendFile(body: Buffer, tag = '"1"'): Handler {
  return (request, response) => {
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (start > 0 && request.headers["if-range"] === tag) {
      const length = body.length - start;
      const range = `bytes ${start}-${body.length - 1}/${body.length}`;
      response.writeHead(206, { etag: tag, "content-length": length, "content-range": range });
      response.end(body.subarray(start));
      return;
    }
    response.writeHead(200, { etag: tag, "content-length": body.length }).end(body);
  };
}

/** Runs the command in a folder with a manifest. */
async function fetchWith(site: string, env: NodeJS.ProcessEnv = { KAGGLE_API_TOKEN: "secret" }) {
  const folder = await temporaryFolder();
  const home = path.join(folder, "datasets", "fer2013");
  await mkdir(home, { recursive: true });
  const manifest = {
    ...TINY,
    name: "fer2013",
    file: { name: "fer2013.csv", sha256: SHA256, rows: 4000 },
  };
  await writeFile(path.join(home, "manifest.json"), JSON.stringify(manifest));
  const clean = {
    KAGGLE_API_TOKEN: "",
    KAGGLE_USERNAME: "",
    KAGGLE_KEY: "",
    KAGGLE_CONFIG_DIR: folder,
    MIEN_DATA: "",
  };
  const run = () =>
    runInProcess(() => runProgram(program, ["fetch"]), {
      cwd: folder,
      env: { ...clean, MIEN_KAGGLE_SITE: site, ...env },
    });
  const files = async () => (await readdir(home)).filter((name) => name !== "manifest.json");
  return { run, files, folder, csv: path.join(home, "fer2013.csv") };
}

describe("data:fetch", () => {
  it.each(Object.keys(BODIES))("gets the CSV from a %s, once", async (kind) => {
    const { site, requests } = await serve(sendFile(BODIES[kind] ?? Buffer.alloc(0)));
    const { run, files, csv } = await fetchWith(site);
    expect(await run()).toMatchObject({ code: 0 });
    expect(await readFile(csv, "utf8")).toBe(CSV);
    expect(await files()).toEqual(["fer2013.csv"]);
    expect((await run()).out).toContain("up to date");
    expect(requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      [FILE, "Bearer secret"],
    ]);
  });

  it("takes user name and key from the environment and from kaggle.json", async () => {
    const { site, requests } = await serve(sendFile(TAR));
    const expected = `Basic ${Buffer.from("ann:key").toString("base64")}`;
    const first = await fetchWith(site, { KAGGLE_USERNAME: "ann", KAGGLE_KEY: "key" });
    expect(await first.run()).toMatchObject({ code: 0 });
    const second = await fetchWith(site, {});
    const file = path.join(second.folder, "kaggle.json");
    await writeFile(file, '{"username":"ann","key":"key"}');
    const { code, out } = await second.run();
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining(file) as string });
    expect(requests.map(({ headers }) => headers.authorization)).toEqual([expected, expected]);
    const third = await fetchWith(site, {});
    await writeFile(path.join(third.folder, "kaggle.json"), '{"username":"ann"}');
    expect((await third.run()).err).toContain('expected "username" and "key"');
  });

  it("says without a token what to click and where the file belongs, and asks no server", async () => {
    const { site, requests } = await serve(sendFile(TAR));
    const { run, files, folder } = await fetchWith(site, {});
    const { code, err } = await run();
    expect(code).toBe(1);
    for (const text of [
      "Create New Token",
      "~/.kaggle",
      "Accept the rules",
      "/data\n",
      path.join(folder, "datasets/fer2013"),
    ]) {
      expect(err).toContain(text);
    }
    expect([requests.length, await files()]).toEqual([0, []]);
  });

  it.each([
    [401, "does not accept the token of KAGGLE_API_TOKEN (401)"],
    [403, "the rules of the competition are not accepted"],
    [404, "has no file fer2013.tar.gz in the competition any more (404)"],
    [418, "with the code 418"],
  ])("explains the answer %i, and never shows the token", async (status, text) => {
    const { site } = await serve((_, response) => response.writeHead(status).end("no"));
    const { run, files } = await fetchWith(site);
    const { code, out, err } = await run();
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining(text) as string });
    expect(out + err).not.toContain("secret");
    expect(await files()).toEqual([]);
  });

  it("keeps nothing of a file with another SHA-256, or of a damaged one", async () => {
    for (const [body, text] of [
      [gzipSync(CSV.replace("255", "254")), `with SHA-256 ${SHA256}`],
      [TAR.subarray(0, TAR.length - 400), "is damaged or cut off"],
      [gzipSync(Buffer.alloc(2048)), "the download has"],
    ] as const) {
      const { site } = await serve(sendFile(body));
      const { run, files } = await fetchWith(site);
      const { code, err } = await run();
      expect({ code, err }).toMatchObject({
        code: 1,
        err: expect.stringContaining(text) as string,
      });
      expect(await files()).toEqual([]);
    }
  });

  it("does not write over another file", async () => {
    const { site, requests } = await serve(sendFile(TAR));
    const { run, csv } = await fetchWith(site);
    await writeFile(csv, "mine");
    expect((await run()).err).toContain("is another file than FER2013");
    expect([await readFile(csv, "utf8"), requests.length]).toEqual(["mine", 0]);
  });
});

describe("a download", () => {
  const BODY = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 255));
  const refusal = () => new MienError("environment", "refused");

  async function start(site: string, given: { file?: string; signal?: AbortSignal } = {}) {
    const file = given.file ?? path.join(await temporaryFolder(), "a.part");
    const signal = given.signal ?? new AbortController().signal;
    return {
      file,
      done: download({ url: `${site}/a`, headers: {}, file, signal, refusal, pause: 1 }),
    };
  }

  /** Sends a file, and cuts each connection after this number of bytes. */
  const cutting =
    (bytes: number): Handler =>
    (request, response) => {
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const headers = { etag: '"1"', "content-length": BODY.length - from };
      response.writeHead(from > 0 ? 206 : 200, headers);
      const until = Math.min(BODY.length, from + bytes);
      response.write(BODY.subarray(from, until), () => {
        if (until === BODY.length) response.end();
        else setTimeout(() => response.destroy(), 20);
      });
    };

  it("continues after each lost connection where it ended", async () => {
    const { site, requests } = await serve(cutting(70_000));
    const { file, done } = await start(site);
    await done;
    expect((await readFile(file)).equals(BODY)).toBe(true);
    expect(requests.length).toBeGreaterThanOrEqual(5);
    expect(requests[1]?.headers).toMatchObject({ range: "bytes=70000-", "if-range": '"1"' });
  });

  it("that was stopped is continued by the next one", async () => {
    const stop = new AbortController();
    const { site, requests } = await serve((request, response, count) => {
      if (count > 1) return sendFile(BODY)(request, response, count);
      response.writeHead(200, { etag: '"1"', "content-length": BODY.length });
      response.write(BODY.subarray(0, 100_000), () => setTimeout(() => stop.abort(), 50));
    });
    const { file, done } = await start(site, { signal: stop.signal });
    await expect(done).rejects.toMatchObject({ code: "interrupted" });
    await (
      await start(site, { file })
    ).done;
    expect((await readFile(file)).equals(BODY)).toBe(true);
    expect(requests[1]?.headers.range).toBe("bytes=100000-");
    // Whole already: nothing is sent again.
    const { site: full } = await serve((_, response) =>
      response.writeHead(416, { "content-range": `bytes */${BODY.length}` }).end(),
    );
    await (
      await start(full, { file })
    ).done;
    expect((await readFile(file)).equals(BODY)).toBe(true);
  });

  it("starts again if the file has changed meanwhile, or the server knows no ranges", async () => {
    const { site: old } = await serve(sendFile(Buffer.alloc(5000, 1), '"old"'));
    const { file, done } = await start(old);
    await done;
    const { site } = await serve(sendFile(BODY));
    await (
      await start(site, { file })
    ).done;
    expect((await readFile(file)).equals(BODY)).toBe(true);
  });

  it("waits for a busy server, and gives up on one that stays busy", async () => {
    const { site } = await serve((request, response, count) =>
      count < 3 ? response.writeHead(503).end() : sendFile(BODY)(request, response, count),
    );
    const { file, done } = await start(site);
    await done;
    expect((await readFile(file)).equals(BODY)).toBe(true);
    const { site: busy, requests } = await serve((_, response) => response.writeHead(429).end());
    await expect((await start(busy)).done).rejects.toThrow(/no connection to .*answers 429/);
    expect(requests).toHaveLength(8);
  });

  it.runIf(existsSync("/dev/full"))("says so if the disk is full", async () => {
    const { site } = await serve(sendFile(BODY));
    const file = path.join(await temporaryFolder(), "a.part");
    await symlink("/dev/full", file);
    const { done } = await start(site, { file });
    await expect(done).rejects.toMatchObject({
      code: "environment",
      message: expect.stringMatching(/no space|full/i) as string,
    });
  });

  it("says so if the file cannot be written", async () => {
    const { site } = await serve(sendFile(BODY));
    const { done } = await start(site, { file: path.join(await temporaryFolder(), "none", "a") });
    await expect(done).rejects.toMatchObject({ code: "environment" });
  });
});
