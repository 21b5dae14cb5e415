import { fork, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { watchChild } from "../child-processes.ts";
import type { KinectTask } from "./kinect-messages.ts";

/**
 * Starts the process that calls libfreenect. Its standard output and error are what the library
 * prints.
 *
 * @param pictures the end of a pipe that it is to write pictures into.
 */
export function startKinectProcess(task: KinectTask, pictures?: Socket): ChildProcess {
  // From source it needs what this process needs, but not what else it was started with.
  const extension = path.extname(fileURLToPath(import.meta.url));
  const tsx = () => pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const execArgv = extension === ".ts" ? ["--conditions=source", "--import", tsx()] : [];
  const file = fileURLToPath(new URL(`./kinect-child${extension}`, import.meta.url));
  const child = fork(file, [JSON.stringify(task)], {
    execArgv,
    stdio: ["ignore", "pipe", "pipe", "ipc", pictures ?? "ignore"],
  });
  watchChild(child);
  return child;
}
