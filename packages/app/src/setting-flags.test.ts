import { commandHelp, defineCommand } from "@mien/cli";
import { pipelineSettings } from "@mien/runtime";
import { describe, expect, it } from "vitest";
import { analyze } from "./commands/analyze-command.ts";
import { live } from "./commands/live-command.ts";
import { program } from "./program.ts";
import { given, settingFlag } from "./setting-flags.ts";

/** The help of a command on one line. */
const helpOf = (command: Parameters<typeof commandHelp>[1]) =>
  commandHelp(program, command).replace(/\s+/g, " ");
const { detectEvery, threads, flat, confirmation, detection } = pipelineSettings;

describe("the flag of a setting", () => {
  it("shows the default and the meaning of a changed table", () => {
    const size = { ...confirmation.size, default: 33, description: "Length of another window" };
    const command = defineCommand({
      name: "x",
      summary: "X",
      examples: [],
      options: { window: settingFlag(size, { group: "x" }) },
      run: () => Promise.resolve(),
    });
    expect(helpOf(command)).toContain(
      "--window N Length of another window (frames; 1 to 1000; default: 33)",
    );
  });

  it("has the default of the table in app:live and app:analyze", () => {
    const { description } = confirmation.quorum;
    const flags = [
      `--detect-every N ${detectEvery.description} (frames; 1 to 60; default: ${detectEvery.default})`,
      `--window N ${confirmation.size.description} (frames; 1 to 1000; default: ${confirmation.size.default})`,
      `--quorum N ${description} (share; 0.01 to 0.99; default: ${confirmation.quorum.default})`,
      `--threads N ${threads.description} (threads; 1 to 64; default: ${threads.default})`,
    ];
    for (const command of [live, analyze]) {
      for (const flag of flags) expect(helpOf(command)).toContain(flag);
    }
    const { tiny, yunet } = detection.minScore.default;
    expect(helpOf(analyze)).toContain(
      `(score; 0.01 to 0.99; default: ${yunet}, with a tiny face detector ${tiny})`,
    );
    expect(helpOf(analyze)).toContain(`(${flat.choices.join(" | ")}; default: ${flat.default})`);
  });

  it("passes on only what was given", () => {
    expect(given({ size: undefined, quorum: 0.5, unsure: false })).toEqual({
      quorum: 0.5,
      unsure: false,
    });
  });
});
