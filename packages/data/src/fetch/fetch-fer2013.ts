import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { asidePath, readJson, writeFileAtomic, type Terminal } from "@mien/cli";
import { MienError, parseDatasetManifest } from "@mien/format";
import { download } from "./download.ts";
import { findKaggleToken, type KaggleToken } from "./kaggle-token.ts";
import { unpack } from "./unpack.ts";

const COMPETITION = "challenges-in-representation-learning-facial-expression-recognition-challenge";
const SITE = "https://www.kaggle.com";
/** The file of the competition that holds `fer2013.csv`. */
const ARCHIVE = "fer2013.tar.gz";

/** Where FER2013 is after `fetchFer2013`. */
interface Fetched {
  readonly csv: string;
  readonly sha256: string;
  /** Whether it was there already. */
  readonly upToDate: boolean;
}

/**
 * Downloads FER2013 from Kaggle with the user's own token, and checks its SHA-256. An interrupted
 * download is continued.
 *
 * @param request.folder where `fer2013.csv` is written.
 * @param request.manifestFile the manifest of FER2013.
 * @param request.site address of Kaggle; another one for tests.
 * @throws {MienError} `missing-file` if there is no token; its advice says what to do. `mismatch` if the
 *   file has another SHA-256. The errors of `download` and `unpack`.
 */
export async function fetchFer2013(request: {
  readonly folder: string;
  readonly manifestFile: string;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly site?: string | undefined;
}): Promise<Fetched> {
  const { folder, manifestFile, terminal, signal, site = SITE } = request;
  const { file: wanted } = parseDatasetManifest(await readJson(manifestFile), manifestFile);
  if (wanted === undefined) throw new MienError("bad-data", `${manifestFile} names no file`);
  const csv = path.join(folder, wanted.name);
  const { sha256 } = wanted;
  if (existsSync(csv) || existsSync(`${csv}.gz`)) {
    const found = existsSync(csv) ? csv : `${csv}.gz`;
    return { csv: found, sha256: await checkPresent(found, sha256, signal), upToDate: true };
  }
  const token = await findKaggleToken();
  if (token === undefined) throw noToken(folder, wanted.name);
  terminal.say(`token ${token.from}`);
  const part = path.join(folder, `${ARCHIVE}.part`);
  await mkdir(folder, { recursive: true });
  const url = `${site}/api/v1/competitions/data/download/${COMPETITION}/${ARCHIVE}`;
  const progress = terminal.progress("downloading MB", 100);
  let last = 0;
  await download({
    url,
    headers: { authorization: token.authorization },
    file: part,
    signal,
    refusal: (status) => refusal(status, token),
    onProgress: (done, total) => {
      last = total === 0 ? last : Math.floor((100 * done) / total);
      progress.update(Math.min(100, last), `${Math.floor(done / 1e6)} MB`);
    },
  }).finally(() => progress.stop());
  await writeChecked(csv, { part, sha256, name: wanted.name });
  await rm(part, { force: true });
  await rm(`${part}.etag`, { force: true });
  return { csv, sha256, upToDate: false };
}

/** Unpacks the CSV beside its place, and moves it there if its hash is right. */
async function writeChecked(
  csv: string,
  { part, sha256, name }: { part: string; sha256: string; name: string },
): Promise<void> {
  const hash = createHash("sha256");
  async function* chunks() {
    for await (const chunk of unpack(part, name)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const unchecked = asidePath(csv);
  const discard = async () => {
    await rm(unchecked, { force: true });
    // A damaged download must not be continued.
    await rm(part, { force: true });
    await rm(`${part}.etag`, { force: true });
  };
  try {
    await writeFileAtomic(unchecked, chunks());
  } catch (error) {
    if (error instanceof MienError && error.code === "bad-data") await discard();
    throw error;
  }
  const found = hash.digest("hex");
  if (found !== sha256) {
    await discard();
    throw new MienError(
      "mismatch",
      `expected ${name} with SHA-256 ${sha256}, the download has ${found}`,
      {
        advice:
          "The download was deleted. Repeat the command; if it fails again, the file on Kaggle has changed.",
      },
    );
  }
  await rename(unchecked, csv);
}

async function checkPresent(file: string, sha256: string, signal: AbortSignal): Promise<string> {
  const { readChunks } = await import("../csv/chunks.ts");
  const hash = createHash("sha256");
  for await (const chunk of readChunks(file, { signal })) hash.update(chunk);
  const found = hash.digest("hex");
  if (found === sha256) return found;
  throw new MienError("conflict", `${file} exists and is another file than FER2013`, {
    advice: `Its SHA-256 is ${found}, that of FER2013 ${sha256}. Move it away, or choose another folder with --out.`,
  });
}

function byHand(folder: string, name: string): string {
  return `To download it by hand:
  1. Sign in on ${SITE} and open ${SITE}/c/${COMPETITION}/data
  2. Press "Join the competition" (or "Late submission"), and accept the rules.
  3. Download ${ARCHIVE}, unpack it, and put ${name} into ${path.resolve(folder)}.`;
}

function noToken(folder: string, name: string): MienError {
  return new MienError("missing-file", "no Kaggle token found; FER2013 needs one", {
    advice: `To let this command download FER2013:
  1. Sign in on ${SITE}, open ${SITE}/settings, and press "Create New Token" under API.
  2. Put the downloaded kaggle.json into ~/.kaggle, or set KAGGLE_API_TOKEN, or KAGGLE_USERNAME and KAGGLE_KEY.
  3. Accept the rules on ${SITE}/c/${COMPETITION}/rules, and repeat the command.
${byHand(folder, name)}`,
  });
}

function refusal(status: number, { from }: KaggleToken): MienError {
  if (status === 401) {
    return new MienError("environment", `Kaggle does not accept the token of ${from} (401)`, {
      advice: `Make a new token on ${SITE}/settings, under API.`,
    });
  }
  if (status === 403) {
    return new MienError(
      "environment",
      "Kaggle refuses the download (403): the rules of the competition are not accepted with this account",
      {
        advice: `Accept them on ${SITE}/c/${COMPETITION}/rules, and repeat the command.`,
      },
    );
  }
  if (status === 404) {
    return new MienError(
      "environment",
      `Kaggle has no file ${ARCHIVE} in the competition any more (404)`,
      {
        advice: `See what is there on ${SITE}/c/${COMPETITION}/data, and download fer2013.csv or icml_face_data.csv by hand.`,
      },
    );
  }
  return new MienError("environment", `Kaggle refuses the download with the code ${status}`, {
    advice: "Repeat the command later.",
  });
}
