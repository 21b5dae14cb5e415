import { fork, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { killChildOnExit } from "@mien/cli";
import type { KinectTask } from "./kinect-messages.ts";

/**
 * Starts the process that calls libfreenect. The library prints to its standard output and error.
 *
 * @param pictures the end of a pipe into which it writes the pictures.
 */
export function startKinectProcess(task: KinectTask, pictures?: Socket): ChildProcess {
  // From source, it needs the loader of this process, but none of the other flags.
  const extension = path.extname(fileURLToPath(import.meta.url));
  const tsx = () => pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const execArgv = extension === ".ts" ? ["--conditions=source", "--import", tsx()] : [];
  const file = fileURLToPath(new URL(`./kinect-child${extension}`, import.meta.url));
  const child = fork(file, [JSON.stringify(task)], {
    execArgv,
    stdio: ["ignore", "pipe", "pipe", "ipc", pictures ?? "ignore"],
  });
  killChildOnExit(child);
  return child;
}
