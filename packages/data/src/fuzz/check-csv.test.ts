import path from "node:path";
import { random } from "@mien/format";
import { expect, it } from "vitest";
import { temporaryFolder } from "../testing/folder.ts";
import { checkMutatedCsv } from "./check-csv.ts";

it("2,000 damaged CSVs are read rightly, or refused with the line", async () => {
  const file = path.join(await temporaryFolder(), "a.csv.gz");
  const outcomes = { read: 0, refused: 0 };
  for (let i = 0; i < 2000; i++) outcomes[await checkMutatedCsv(random(1, i), file)]++;
  expect(outcomes.read).toBeGreaterThan(300);
  expect(outcomes.refused).toBeGreaterThan(300);
}, 180_000);
