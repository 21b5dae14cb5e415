#!/usr/bin/env node
import { runMien } from "./run-mien.ts";

await runMien();
