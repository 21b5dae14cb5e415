import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { isLong } from "@mien/testing";
import { DockerfileParser } from "dockerfile-ast";
import { validate } from "dockerfile-utils";
import { expect, it } from "vitest";
import { z } from "zod";

const ROOT = path.resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
const IMAGE = "Dockerfile";
const DEVELOPMENT = ".devcontainer/Dockerfile";

/** Limit of the folder that the image contains besides Debian (79 MB) and Node (127 MB), in MB. */
const FOLDER_LIMIT = 190;

/** The Debian packages that a text installs by `apt install` or `apt-get install`, in order. */
function debianPackages(text: string): string[] {
  const calls = text.matchAll(/\bapt(?:-get)? install ([^`&|;]*)/g);
  const words = [...calls].flatMap(([, names = ""]) => names.split(/[\s\\]+/));
  return words.filter((word) => /^[a-z0-9]/.test(word)).sort();
}

/** The Debian packages that `.ci/run` adds to what it installs. */
function packagesOfCi(): string[] {
  const added = [...read(".ci/run").matchAll(/\bneeded\+=\(([^)]*)\)/g)];
  return added.flatMap(([, names = ""]) => names.split(" "));
}

it.each([IMAGE, DEVELOPMENT])("%s has no fault of syntax", (file) => {
  expect(validate(read(file))).toEqual([]);
});

it("a fault of syntax in a Dockerfile would be found", () => {
  expect(validate(read(IMAGE).replace("HEALTHCHECK", "HEALTCHECK"))).not.toEqual([]);
});

it("the development container installs what set-up and .ci/run need, and then sets up", () => {
  const needed = new Set([...debianPackages(read("README.md")), ...packagesOfCi()]);
  expect(needed.size).toBeGreaterThan(5);
  expect(debianPackages(read(DEVELOPMENT))).toEqual([...needed].sort());
  const container: unknown = JSON.parse(read(".devcontainer/devcontainer.json"));
  expect(container).toMatchObject({
    build: { dockerfile: "Dockerfile" },
    postCreateCommand: "npm run setup",
    remoteUser: "node",
  });
});

it("the image installs npm packages as set-up does, and runs as a user that is not root", () => {
  expect(read("tools/setup/node-modules.mjs")).toMatch(/"ci"[^]*"--ignore-scripts"/);
  const dockerfile = DockerfileParser.parse(read(IMAGE));
  const words = (keyword: string) =>
    dockerfile
      .getInstructions()
      .filter((instruction) => instruction.getKeyword() === keyword)
      .map((instruction) => instruction.getArgumentsContent() ?? "");
  expect(words("RUN")).toContain("npm ci --ignore-scripts");
  expect(words("USER")).toEqual(["mien"]);
  expect(words("VOLUME").join()).toMatch(/people.*sessions/);
  // The version of Node for both containers.
  expect(words("FROM")[0]).toMatch(/^node:24-/);
  expect(read(DEVELOPMENT)).toContain("FROM node:24-");
});

it.runIf(isLong)(
  "the folder of the image has the locked versions, is small, and shows the page",
  async () => {
    const work = mkdtempSync(path.join(tmpdir(), "mien-image-"));
    const folder = path.join(work, "image");
    try {
      const script = path.join(ROOT, "tools/publish/image.mjs");
      execFileSync(process.execPath, [script, folder], { stdio: "pipe" });
      const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
      const files = entries
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name));
      const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
      expect(bytes / 1e6).toBeLessThan(FOLDER_LIMIT);

      const Version = z.object({ version: z.string() });
      const Lock = z.object({ packages: z.record(z.string(), Version.partial()) });
      const { packages } = Lock.parse(JSON.parse(read("package-lock.json")));
      // A link to a package of mien has no version.
      const places = Object.keys(packages).filter(
        (place) =>
          /(^|\/)node_modules\//.test(place) &&
          packages[place]?.version !== undefined &&
          existsSync(path.join(folder, place)),
      );
      expect(places.length).toBeGreaterThan(50);
      for (const place of places) {
        const text = readFileSync(path.join(folder, place, "package.json"), "utf8");
        const { version } = Version.parse(JSON.parse(text));
        expect({ place, version }).toEqual({ place, version: packages[place]?.version });
      }

      const bin = path.join(folder, "packages/mien/dist/bin.js");
      const child = spawn(process.execPath, [bin, "live", "--port", "0", "--no-open"], {
        cwd: work,
        stdio: ["ignore", "pipe", "inherit"],
      });
      try {
        let printed = "";
        const address = await new Promise<string>((resolve, reject) => {
          child.stdout.setEncoding("utf8").on("data", (text: string) => {
            printed += text;
            const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(printed) ?? [];
            if (found !== undefined) resolve(found);
          });
          child.once("close", () => reject(new Error(`mien live ended: ${printed}`)));
        });
        expect((await fetch(address)).status).toBe(200);
      } finally {
        child.kill("SIGINT");
        await once(child, "close");
      }
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  },
);
