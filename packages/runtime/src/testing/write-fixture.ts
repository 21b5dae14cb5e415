/**
 * Writes the models in `fixtures/`, which tests of other packages use:
 *
 *     node --conditions=source --import tsx packages/runtime/src/testing/write-fixture.ts
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { halvesModel, spotModel } from "./models.ts";

const folder = path.resolve(import.meta.dirname, "../../fixtures");
mkdirSync(folder, { recursive: true });
writeFileSync(path.join(folder, "halves.onnx"), halvesModel());
writeFileSync(path.join(folder, "spots.onnx"), spotModel());
