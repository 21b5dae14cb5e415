import { createInterface } from "node:readline/promises";
import { defineCommand, formatPercent } from "@mien/cli";
import { MienError } from "@mien/format";
import { MAX_PICTURES } from "../acquire/enrolment-session.ts";
import { consentText, KEEP_DAYS, MAX_KEEP_DAYS } from "../people/consent.ts";
import { detectorOption, peopleOption, sourceOption } from "../shared-options.ts";
import { SourceWarnings } from "@mien/camera";

export const acquire = defineCommand({
  name: "acquire",
  summary: "Enrol a person who consents, with pictures from a camera or from files",
  details:
    "Shows what will be stored, where and for how long, and asks for consent; --consent states that the person has given it. " +
    "Then takes pictures in which exactly one face is visible, leaves out those that are blurred, dark, too far away or similar to an earlier one, and enrols the person. " +
    "The page of app:live can do the same.",
  examples: [
    "npx nx run app:acquire --name Ada --count 100",
    "npx nx run app:acquire --name Ada --source pictures-of-ada/ --consent",
  ],
  options: {
    name: {
      type: "string",
      placeholder: "NAME",
      description: "Name of the person to enrol",
      required: true,
    },
    count: {
      type: "integer",
      unit: "pictures",
      min: 1,
      max: MAX_PICTURES,
      default: 100,
      description: "Number of pictures to take",
    },
    source: { ...sourceOption, default: "webcam" },
    consent: {
      type: "boolean",
      description: "The person has read what is stored, and consents",
    },
    keepDays: {
      type: "integer",
      unit: "days",
      min: 1,
      max: MAX_KEEP_DAYS,
      default: KEEP_DAYS,
      description: "Time after which everything about the person is deleted",
    },
    people: peopleOption,
    detector: detectorOption,
    seconds: {
      type: "number",
      unit: "seconds",
      min: 1,
      max: 3600,
      default: 120,
      description: "Time limit for taking the pictures",
    },
  },
  async run(values, { terminal, signal }) {
    const { EnrolmentSession } = await import("../acquire/enrolment-session.ts");
    const session = new EnrolmentSession({ name: values.name, count: values.count });
    terminal.say(consentText(session.name, values.people, values.keepDays));
    if (!values.consent) await askForConsent(session.name, signal);
    const given = new Date().toISOString();
    const [{ FaceDetector }, { findFaceModel }, { openSource }, { openStore }] = await Promise.all([
      import("@mien/runtime"),
      import("../face-models.ts"),
      import("@mien/camera"),
      import("../people/open-store.ts"),
    ]);
    const timeout = AbortSignal.timeout(values.seconds * 1000);
    const ending = AbortSignal.any([signal, timeout]);
    const detector = await FaceDetector.open(findFaceModel("detector", values.detector));
    const store = await openStore(values.people);
    for (const name of store.forgotten) terminal.say(`deleted ${name}, whose time was over`);
    const warnings = new SourceWarnings((message) => terminal.warn(message));
    const source = await openSource(values.source, {
      signal: ending,
      onNotice: warnings.add,
    });
    const progress = terminal.progress("pictures", session.wanted);
    try {
      let index = 0;
      for await (const frame of source.frames(ending)) {
        // The pictures of a folder have no time; each counts.
        const timeMs = source.kind === "images" ? index++ * 1000 : frame.timeMs;
        const faces = (await detector.detect(frame)).map(({ box, score }) => ({ box, score }));
        await session.look({ ...frame, timeMs }, faces);
        const { pictures, guidance } = session.state;
        progress.update(pictures.length, guidance);
        if (session.isFull) break;
      }
    } finally {
      progress.stop();
      warnings.finish();
      await source.close();
      await detector.close();
    }
    try {
      if (signal.aborted) throw new MienError("interrupted", "nothing was stored");
      const { leftOut, pictures } = session.state;
      for (const [reason, count] of Object.entries(leftOut)) {
        terminal.say(`left out ${count}: ${reason}`);
      }
      if (pictures.length === 0) {
        throw new MienError(
          "bad-image",
          `no picture of one face alone was found in ${source.name}`,
          {
            advice: "Sit before the camera, alone, in good light.",
          },
        );
      }
      for (const doubt of await store.doubts(session.name, session.crops())) terminal.warn(doubt);
      await store.add(session.name, session.crops(), { given, keepDays: values.keepDays });
      const { falseAccept, falseReject } = await store.summary();
      const share = (rate: number | null) => (rate === null ? "unknown" : formatPercent(rate, 1));
      terminal.table(
        ["name", "pictures", "strangers let in", "turned away"],
        [[session.name, pictures.length, share(falseAccept), share(falseReject)]],
      );
      terminal.wrote(values.people, `${pictures.length} pictures and what was agreed to`);
      terminal.next("npx nx run app:live", "shows the name beside the face");
      return { name: session.name, pictures: pictures.length, leftOut, falseAccept, falseReject };
    } finally {
      await store.people.recogniser.close();
    }
  },
});

async function askForConsent(name: string, signal: AbortSignal): Promise<void> {
  const refused = new MienError("usage", `${name} has not agreed, so nothing was stored`, {
    advice: "Answer yes, or give --consent when the person has agreed.",
  });
  if (!process.stdin.isTTY) throw refused;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`Does ${name} agree? yes/no `, { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw refused;
  } finally {
    lines.close();
  }
}
