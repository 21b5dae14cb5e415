import { execFile, spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { MienError } from "@mien/format";
import { killChild, killChildOnExit } from "@mien/cli";

/** `app:live` in a process of its own. */
export interface ServerProcess {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  figures(): Promise<ServerFigures>;
  /** Process ids of its children that read a camera: ffmpeg and the Kinect's process. */
  cameraProcesses(): Promise<number[]>;
  stop(): Promise<void>;
  /** Ends it without a chance to clean up. */
  kill(): Promise<void>;
}

/** Values of the server's `/metrics`. */
interface ServerFigures {
  /** Milliseconds since the benchmark began. */
  readonly timeMs: number;
  /** Seconds of processor time since the server began. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

/** Longest wait until the server listens, in milliseconds: models load slowly on a busy machine. */
const PATIENCE = 120_000;
/** Time to end by itself before it is killed, in milliseconds. */
const GRACE = 3000;

/** The arguments with which Node runs the commands of this package. */
export function appProgram(): string[] {
  const extension = path.extname(fileURLToPath(import.meta.url));
  const tsx = () => pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const loader = extension === ".ts" ? ["--conditions=source", "--import", tsx()] : [];
  return [...loader, fileURLToPath(new URL(`../../bin${extension}`, import.meta.url))];
}

/**
 * Starts the live page's server on a free port and waits until it listens.
 *
 * @param flags of `app:live`.
 * @throws {MienError} `environment` with its output if it does not start.
 */
export async function startServer(
  flags: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<ServerProcess> {
  const argv = [...appProgram(), "live", "--port", "0", "--no-open", ...flags];
  const child = spawn(process.execPath, argv, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  killChildOnExit(child);
  let said = "";
  const gone = new Promise<undefined>((resolve) => child.once("close", () => resolve(undefined)));
  const address = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        said = (said + text).slice(-4000);
        const found = /^page +(http:\S+)/m.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
    }
  });
  const late = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), PATIENCE).unref();
  });
  const origin = await Promise.race([address, gone, late]);
  if (origin === undefined) {
    await killChild(child);
    throw new MienError("environment", `app:live did not start: ${said.trim()}`);
  }
  return {
    origin,
    async figures() {
      const text = await (await fetch(`${origin}/metrics`)).text();
      const read = (name: string) => Number(new RegExp(`^mien_${name} (.+)$`, "m").exec(text)?.[1]);
      return {
        timeMs: performance.now(),
        cpuSeconds: read("cpu_seconds_total"),
        memoryBytes: read("memory_bytes"),
      };
    },
    async cameraProcesses() {
      const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,ppid=,args="]);
      return stdout
        .split("\n")
        .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)?.slice(1) ?? [])
        .filter(
          ([, parent, words]) =>
            Number(parent) === child.pid && /ffmpeg|kinect-child/.test(words ?? ""),
        )
        .map(([pid]) => Number(pid));
    },
    kill: () => killChild(child),
    async stop() {
      child.kill("SIGINT");
      const wait = new Promise((resolve) => setTimeout(resolve, GRACE).unref());
      await Promise.race([gone, wait]);
      await killChild(child);
    },
  };
}
