#!/usr/bin/env node
// What `npx nx` starts in this repository: npx prefers the `bin` of the root package.json to any package.
// Where nx is installed it runs; in a clone that is not set up, npx would otherwise download the newest
// nx from the registry, whose messages do not say what is missing.
import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const nx = path.resolve(import.meta.dirname, "../node_modules/nx/dist/bin/nx.js");

if (existsSync(nx)) {
  process.argv[1] = nx;
  await import(pathToFileURL(nx).href);
} else {
  console.error(
    'This clone is not set up: nx is missing from its node_modules. Run "npm run setup", then this again.',
  );
  process.exitCode = 1;
}
