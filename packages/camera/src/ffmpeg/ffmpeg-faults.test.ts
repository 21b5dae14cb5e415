import { createServer, type Server, type ServerResponse } from "node:http";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createTcpServer, type AddressInfo, type Server as Net } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { MienError } from "@mien/format";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSource } from "../open-source.ts";
import { expectReturn, expectRefusal, isFrame, startReader } from "../testing/reader.ts";
import { makeVideo, withoutFfmpeg } from "../testing/tools.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-faults-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => path.join(folder, name);
/** Makes a video of 64×48 pixels and 30 frames per second. */
const film = (name: string, seconds: number) =>
  makeVideo(at(name), ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=30", "-t", String(seconds)]);

async function listen(server: Net | Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe.skipIf(withoutFfmpeg)(
  "a source that cannot be opened is refused with an explanation",
  () => {
    beforeAll(async () => {
      const whole = await readFile(film("whole.mp4", 0.5));
      await writeFile(at("cut.mp4"), whole.subarray(0, whole.length / 2));
      await writeFile(at("empty.mp4"), "");
      makeVideo(at("sound.wav"), ["-f", "lavfi", "-i", "sine", "-t", "0.1"]);
    });

    it.each<[string, string, RegExp]>([
      ["an empty file", "empty.mp4", /empty\.mp4 is empty/],
      ["a file that is cut off", "cut.mp4", /cut\.mp4 is not a video that ffmpeg can read/],
      ["sound without a picture", "sound.wav", /sound\.wav has sound or data, but no picture/],
      ["a missing file", "gone.mp4", /cannot find .*gone\.mp4/],
      ["a missing webcam", "webcam:77", /no webcam:77/],
      ["a webcam without a number", "webcam:front", /expected webcam:0/],
      ["an address that refuses", "http://127.0.0.1:9/live", /9\/live refuses the connection/],
      [
        "an address with an unknown protocol",
        "gopherx://127.0.0.1/x",
        /protocol that ffmpeg does not know/,
      ],
      [
        "an RTSP address, without its password",
        "rtsp://me:pw@127.0.0.1:9/x",
        /^rtsp:\/\/\*\*\*@127\S+ refu/,
      ],
    ])("%s", async (_, source, sentence) => {
      const refusal = openSource(/\.(mp4|wav)$/.test(source) ? at(source) : source);
      await expect(refusal).rejects.toThrow(sentence);
      await expect(refusal).rejects.toBeInstanceOf(MienError);
    });

    it("a file that is not a video, with exit code 1", async () => {
      await writeFile(at("text.mp4"), "no film");
      const reader = startReader(["--source", at("text.mp4")]);
      await expectRefusal(reader, /text\.mp4 is not a video that ffmpeg can read/);
    });

    it("any video, if ffmpeg is missing, with how to install it", async () => {
      const reader = startReader(["--source", at("whole.mp4")], { MIEN_FFMPEG: at("no-ffmpeg") });
      await expectRefusal(reader, /ffmpeg is not installed[^]*(apt|brew|winget) install/);
    });

    it("an address that accepts the connection, but sends nothing", async () => {
      const server = createTcpServer(() => undefined);
      const reader = startReader(["--source", `${await listen(server)}/x`, "--patience", "1500"]);
      await expectRefusal(reader, /sent no picture within 2 s/);
      server.close();
    });
  },
);

describe.skipIf(withoutFfmpeg)("a video on a server", () => {
  it("that sends less than it announces is refused with an explanation", async () => {
    const whole = await readFile(film("served.mp4", 60));
    const server = createServer((_, response) => {
      response.writeHead(200, { "Content-Length": whole.length });
      response.write(whole.subarray(0, 1000), () => response.destroy());
    });
    const refusal = openSource(`${await listen(server)}/served.mp4`);
    await expect(refusal).rejects.toThrow(/served\.mp4 is incomplete: its server sent less/);
    server.close();
  });
});

describe.skipIf(withoutFfmpeg)("a video on a server that supports range requests", () => {
  let server: Server;
  let address: string;
  let file: string;
  beforeAll(async () => {
    // Of 60 pictures, 30 in the middle are missing.
    const flags = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=30", "-t", "2"];
    file = makeVideo(at("gap.mp4"), [
      ...flags,
      "-vf",
      "select=not(between(n\\,10\\,39))",
      "-vsync",
      "vfr",
    ]);
    const whole = await readFile(file);
    server = createServer((request, response) => {
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      response.writeHead(206, {
        "Accept-Ranges": "bytes",
        "Content-Length": whole.length - from,
        "Content-Range": `bytes ${from}-${whole.length - 1}/${whole.length}`,
      });
      response.end(whole.subarray(from));
    });
    address = `${await listen(server)}/gap.mp4`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const timesOf = async (source: string, loop: boolean, most = Infinity) => {
    const times: number[] = [];
    for await (const { timeMs } of (await openSource(source, { loop })).frames()) {
      if (times.push(timeMs) === most) break;
    }
    return times;
  };

  it("has the same frames and times as the file", async () => {
    const times = await timesOf(address, false);
    expect(times).toHaveLength(60);
    expect(times).toEqual(await timesOf(file, false));
  });

  it("starts again at its end with loop", async () => {
    expect(await timesOf(address, true, 130)).toHaveLength(130);
  });
});

describe.skipIf(withoutFfmpeg)("a live stream", () => {
  /** The behaviour of the server. */
  let behaviour: "send" | "stall" | "hang up" = "send";
  let server: Server;
  let address: string;
  beforeAll(async () => {
    const background = { width: 64, height: 48, channels: 3, background: "#808080" } as const;
    const grey = await sharp({ create: background }).jpeg().toBuffer();
    const head = `--x\r\nContent-Type: image/jpeg\r\nContent-Length: ${grey.length}\r\n\r\n`;
    const send = (response: ServerResponse) => {
      if (behaviour === "hang up") response.destroy();
      if (behaviour === "send") response.write(Buffer.concat([Buffer.from(head), grey, CRLF]));
    };
    server = createServer((_, response) => {
      response.writeHead(200, { "Content-Type": "multipart/x-mixed-replace; boundary=x" });
      const timer = setInterval(() => send(response), 33);
      response.on("close", () => clearInterval(timer));
    });
    address = `${await listen(server)}/live`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("comes back if it stalls, hangs up, or its ffmpeg is killed or stopped; ends on Ctrl-C", async () => {
    const reader = startReader(["--source", address]);
    const opened = await reader.until((line) => "opened" in line);
    expect(opened).toMatchObject({ opened: { kind: "live" } });
    for (const fault of ["stall", "hang up"] as const) {
      await expectReturn(
        reader,
        () => (behaviour = fault),
        () => (behaviour = "send"),
      );
    }
    for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
      await expectReturn(reader, () =>
        reader.children().forEach((pid) => process.kill(pid, signal)),
      );
    }
    expect(reader.children()).toHaveLength(1);
    reader.kill("SIGINT");
    expect(await reader.exit).toBe(0);
    expect(reader.lines.at(-1)).toHaveProperty("end");
    expect(reader.children()).toEqual([]);
  });

  it("leaves no ffmpeg running when its reader is killed", async () => {
    const reader = startReader(["--source", address]);
    await reader.until(isFrame);
    reader.kill("SIGKILL");
    await reader.exit;
    await expect.poll(() => reader.children()).toEqual([]);
  });
});

describe.skipIf(withoutFfmpeg)("a video", () => {
  it("ends with an error if its ffmpeg is killed", async () => {
    const reader = startReader(["--source", film("long.mp4", 20), "--slow", "50"]);
    await reader.until(isFrame);
    reader.children().forEach((pid) => process.kill(pid, "SIGKILL"));
    expect(await reader.exit).toBe(1);
    expect(reader.err()).toMatch(/long\.mp4 stopped: its ffmpeg was killed/);
  });

  it("can be read from standard input", async () => {
    const ways = [{ pipe: film("piped.mkv", 1) }, { redirect: film("redirected.mp4", 1) }];
    for (const input of ways) {
      const reader = startReader(["--source", "-"], {}, input);
      expect(await reader.exit).toBe(0);
      expect(reader.lines.at(-1)).toEqual({ end: 30 });
    }
  });

  it("whose index is at its end is refused from a pipe, with what to do instead", async () => {
    const reader = startReader(["--source", "-"], {}, { pipe: film("index-last.mp4", 60) });
    await expectRefusal(reader, /cannot be read from a pipe[^]*redirect it: .* < film\.mp4/);
  });
});

const CRLF = Buffer.from("\r\n");
