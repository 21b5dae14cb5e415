import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

/** Folder of PostgreSQL's programs; on Debian it is not on the PATH. */
function findPrograms(): string | undefined {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => +b - +a) : [];
  const folders = [
    ...versions.map((version) => path.join(debian, version, "bin")),
    ...(process.env["PATH"] ?? "").split(path.delimiter),
  ];
  return folders.find((folder) =>
    ["initdb", "postgres"].every((name) => existsSync(path.join(folder, name))),
  );
}

/** Whether tests with PostgreSQL are skipped; never if `CI` is set. */
export function withoutPostgres(): boolean {
  return !process.env["CI"] && findPrograms() === undefined;
}

/** A database server for one test. */
export interface Postgres {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts a new PostgreSQL server with an empty database on a free port of 127.0.0.1.
 *
 * @throws {Error} if it is not installed or does not start.
 */
export async function startPostgres(): Promise<Postgres> {
  const programs = findPrograms();
  if (programs === undefined) throw new Error("PostgreSQL is not installed");
  const user = serverUser();
  const folder = await mkdtemp(path.join(tmpdir(), "mien-postgres-"));
  if (user) await chown(folder, user.uid, user.gid);
  const data = path.join(folder, "data");
  execFileSync(
    path.join(programs, "initdb"),
    ["-D", data, "-U", "mien", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
    { ...user, stdio: "pipe", cwd: folder },
  );
  const port = await freePort();
  const flags = [
    "-D",
    data,
    "-p",
    String(port),
    "-k",
    folder,
    "-c",
    "listen_addresses=127.0.0.1",
    "-c",
    "fsync=off",
  ];
  const server = spawn(path.join(programs, "postgres"), flags, { ...user, cwd: folder });
  let log = "";
  const ended = new Promise((resolve) => server.once("close", resolve));
  await new Promise<void>((resolve, reject) => {
    server.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      if (log.includes("ready to accept connections")) resolve();
    });
    void ended.then(() => reject(new Error(`PostgreSQL did not start:\n${log}`)));
  });
  return {
    url: `postgresql://mien:secret@127.0.0.1:${port}/postgres`,
    async stop() {
      server.kill("SIGINT"); // SIGINT: a fast shutdown, which ends all connections
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The user that runs PostgreSQL if this process is root, because PostgreSQL refuses to run as root. */
function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string, name: string) =>
    Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: "pipe" }));
  for (const name of ["postgres", "nobody"]) {
    try {
      return { uid: idOf("-u", name), gid: idOf("-g", name) };
    } catch {
      continue;
    }
  }
  throw new Error("PostgreSQL does not run as root, and there is no user postgres or nobody");
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
