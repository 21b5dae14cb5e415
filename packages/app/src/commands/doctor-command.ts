import { defineCommand, EXIT } from "@mien/cli";

export const doctor = defineCommand({
  name: "doctor",
  summary: "Check what works on this machine, and how to repair what does not",
  details:
    "Checks Node, onnxruntime, TensorFlow, Python, the models, ffmpeg, webcams, the Kinect (library, kernel module, permissions, firmware, device), disk and processor. Changes nothing.\n" +
    "Fails only if something is missing that reading images and videos needs.",
  examples: ["npx nx run app:doctor", "npx nx run app:doctor --json doctor.json"],
  options: {},
  async run(_options, { terminal }) {
    const { examine } = await import("../doctor/examine.ts");
    const { NEEDED_BY_DEFAULT } = await import("../doctor/check.ts");
    const progress = terminal.progress("looking", 1);
    const checks = await examine().finally(() => progress.stop());
    terminal.table(
      ["", "what", "for", "found"],
      checks.map(({ ok, name, needed, found }) => [ok ? "✓" : "✗", name, needed, found]),
    );
    const missing = checks.filter(({ ok }) => !ok);
    if (missing.length > 0) terminal.say("");
    for (const { name, remedy } of missing) terminal.say(`${name}: ${remedy ?? ""}`);
    const bad = missing.filter(({ needed }) => NEEDED_BY_DEFAULT.includes(needed));
    if (bad.length > 0) {
      terminal.warn(`not ready: ${bad.map(({ name }) => name).join(", ")}`);
      process.exitCode = EXIT.failed;
    } else {
      terminal.next("npx nx run app:analyze --source VIDEO", "reads the faces in a video or image");
    }
    return { ok: bad.length === 0, checks };
  },
});
