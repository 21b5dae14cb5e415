import { createInterface } from "node:readline/promises";
import { counted, defineCommand } from "@mien/cli";
import { checkPersonName, MienError } from "@mien/format";
import { MAX_PICTURES } from "../acquire/max-pictures.ts";
import { consentText } from "../people/consent.ts";
import { formatRate } from "../people/expected-errors.ts";
import { KEEP_DAYS, MAX_KEEP_DAYS } from "../people/retention.ts";
import { detectorOption, peopleOption, sourceOption } from "../shared-options.ts";

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
    const { EnrolmentSession, POSE_MS } = await import("../acquire/enrolment-session.ts");
    const name = checkPersonName(values.name);
    terminal.say(consentText(name, values.people, values.keepDays));
    if (!values.consent) await askForConsent(name, signal);
    const given = new Date().toISOString();
    const [{ FaceDetector }, { findFaceModel }, { openSource, SourceWarnings }, { openPeople }] =
      await Promise.all([
        import("@mien/runtime"),
        import("../face-models.ts"),
        import("@mien/camera"),
        import("../people/open-people.ts"),
      ]);
    const timeout = AbortSignal.timeout(values.seconds * 1000);
    const deletion = new AbortController();
    const ending = AbortSignal.any([signal, timeout, deletion.signal]);
    const detector = await FaceDetector.open(findFaceModel("detector", values.detector));
    const store = await openPeople({ folder: values.people }, terminal);
    await store.watch((change) => {
      if (change.isDeleted(session.name)) deletion.abort();
      return Promise.resolve();
    });
    const warnings = new SourceWarnings((message) => terminal.warn(message));
    const source = await openSource(values.source, {
      signal: ending,
      onNotice: warnings.add,
    });
    const poseMs = source.kind === "live" ? POSE_MS : 0;
    const session = new EnrolmentSession({ name, count: values.count, poseMs });
    const progress = terminal.progress("pictures", session.wanted);
    try {
      let index = 0;
      for await (const frame of source.frames(ending)) {
        // Images have no time. They count as one second apart, so that none follows another too
        // soon.
        const timeMs = source.kind === "images" ? index++ * 1000 : frame.timeMs;
        await session.offer({ ...frame, timeMs }, await detector.detect(frame));
        const { pictures, guidance, pose } = session.state;
        const wait = pose !== null && pose.secondsLeft > 0 ? ` ${pose.secondsLeft}` : "";
        progress.update(pictures.length, guidance + wait);
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
      if (deletion.signal.aborted) {
        throw new MienError(
          "conflict",
          `${session.name} was deleted meanwhile; nothing was stored`,
          {
            advice: "Ask for consent again, then enrol the person again.",
          },
        );
      }
      const { leftOut, pictures } = session.state;
      for (const [reason, count] of Object.entries(leftOut)) {
        terminal.say(`left out ${count}: ${reason}`);
      }
      if (pictures.length === 0) {
        throw new MienError(
          "bad-image",
          `no picture with exactly one face was found in ${source.name}`,
          { advice: "Sit before the camera, alone, in good light." },
        );
      }
      for (const warning of await store.warningsAbout(session.name, session.crops())) {
        terminal.warn(warning);
      }
      await store.add(session.name, session.crops(), { given, keepDays: values.keepDays });
      const { falseAccept, falseReject } = await store.summary();
      terminal.table(
        ["name", "pictures", "strangers recognised", "not recognised"],
        [[session.name, pictures.length, formatRate(falseAccept), formatRate(falseReject)]],
      );
      terminal.wrote(values.people, `${counted(pictures.length, "picture")} and the consent`);
      terminal.next("npx nx run app:live", "shows the name beside the face");
      return { name: session.name, pictures: pictures.length, leftOut, falseAccept, falseReject };
    } finally {
      await store.close();
      await store.people.recogniser.close();
    }
  },
});

async function askForConsent(name: string, signal: AbortSignal): Promise<void> {
  const refused = new MienError("usage", `${name} has not consented; nothing was stored`, {
    advice: "Answer yes, or give --consent when the person has consented.",
  });
  if (!process.stdin.isTTY) throw refused;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`Does ${name} consent? yes/no `, { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw refused;
  } finally {
    lines.close();
  }
}
