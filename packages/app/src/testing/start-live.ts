import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createLbph, openEmbedding, People } from "@mien/runtime";
import sharp from "sharp";
import { PersonStore } from "../people/person-store.ts";
import { createServer, type ServerOptions } from "../server/create-server.ts";
import type { PageFile } from "../server/page-files.ts";
import { LiveApp } from "../live/live-app.ts";
import { LiveSettings, type LiveValues } from "../live/live-settings.ts";
import { openLiveSource, type LiveSource } from "../live/live-source.ts";

const ROOT = path.resolve(import.meta.dirname, "../../../..");
const FIXTURES = path.join(ROOT, "packages/runtime/fixtures");
const FACES = path.join(ROOT, "artifacts/release/faces");

/** A live app with its server. */
export interface TestLive {
  readonly app: LiveApp;
  /** `http://127.0.0.1:port` */
  readonly origin: string;
  readonly port: number;
  /** The folder of `people` and `sessions`. */
  readonly folder: string;
  close(): Promise<void>;
}

/** How a live app is started. */
export interface TestLiveOptions {
  /** A value of `--source`, or a source. */
  readonly source: string | LiveSource;
  readonly page?: ReadonlyMap<string, PageFile>;
  readonly host?: string;
  readonly port?: number;
  readonly token?: string;
  /** Whether to use the released face models; else a detector that detects bright spots as faces. */
  readonly realFaces?: boolean;
  /** The expression model; default one that names the brighter half of a face. */
  readonly model?: string;
  /** The folder of an earlier app; default a new one, which `close` deletes. */
  readonly folder?: string;
  readonly retentionCheckMs?: number;
  /** Whether pages begin in privacy mode. Default false. */
  readonly privacy?: boolean;
  /** Settings besides the source. */
  readonly settings?: LiveValues;
  /** Who may use the server, besides `host` and `token`. */
  readonly guard?: Partial<ServerOptions>;
}

/** Starts a live app; its server listens on a free port unless a port is given. */
export async function startLive(options: TestLiveOptions): Promise<TestLive> {
  const { source, page = new Map(), host = "127.0.0.1", token, realFaces = false } = options;
  const folder = options.folder ?? (await mkdtemp(path.join(tmpdir(), "mien-live-")));
  const model = options.model ?? path.join(FIXTURES, "halves.onnx");
  const recogniser = realFaces
    ? await openEmbedding(path.join(FACES, "embedding.onnx"))
    : createLbph();
  const people = path.join(folder, "people");
  const store = await PersonStore.open(people, new People(recogniser), [folder]);
  const app = await LiveApp.open({
    store,
    settings: await LiveSettings.open({
      file: path.join(folder, "settings.json"),
      given: { source: typeof source === "string" ? source : source.name, ...options.settings },
    }),
    openSource: (values) =>
      typeof source === "string"
        ? openLiveSource(values.source ?? source)
        : Promise.resolve(source),
    findModel: (values) => Promise.resolve(values.model ?? model),
    sessions: path.join(folder, "sessions"),
    privacy: options.privacy ?? false,
    network: token !== undefined,
    ...(options.retentionCheckMs === undefined
      ? {}
      : { retentionCheckMs: options.retentionCheckMs }),
    pipeline: {
      detector: realFaces ? path.join(FACES, "detector.onnx") : path.join(FIXTURES, "spots.onnx"),
    },
  });
  const server = await createServer(app, page, { host, token, ...options.guard });
  await server.listen({ port: options.port ?? 0, host });
  const { port } = server.server.address() as AddressInfo;
  const stop = new AbortController();
  const running = app.engine.run(stop.signal);
  return {
    app,
    folder,
    port,
    origin: `http://127.0.0.1:${port}`,
    async close() {
      stop.abort();
      await running;
      await server.close();
      await app.close();
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The names in a folder, without those of mien's own files, which begin with a dot. */
export async function visibleFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !name.startsWith("."));
}

/** Makes a folder with a picture of one bright spot, which the test detector detects as a face. */
export async function spotFolder(folder: string): Promise<string> {
  const place = path.join(folder, "spots");
  await mkdir(place, { recursive: true });
  await spot(64).png().toFile(path.join(place, "one.png"));
  return place;
}

/** 416×320 with a bright square of 32 pixels. */
export function spot(left: number) {
  const pixels = new Uint8Array(416 * 320 * 3);
  for (let y = 96; y < 128; y++) {
    pixels.fill(255, 3 * (y * 416 + left), 3 * (y * 416 + left + 32));
  }
  return sharp(pixels, { raw: { width: 416, height: 320, channels: 3 } });
}
