import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { isRecord, MienError, parseJson } from "@mien/format";

/** The user's token for Kaggle. */
export interface KaggleToken {
  /** The value of the header `Authorization`. Never print it. */
  readonly authorization: string;
  /** Where the token was found, for messages. */
  readonly from: string;
}

/**
 * Looks for a token where Kaggle's own program looks: the environment variable KAGGLE_API_TOKEN;
 * KAGGLE_USERNAME and KAGGLE_KEY; the files `access_token` and `kaggle.json` in the folder that
 * KAGGLE_CONFIG_DIR names, else in `~/.kaggle`.
 *
 * @returns undefined if there is none.
 * @throws {MienError} `bad-config` if `kaggle.json` has no `username` and `key`.
 */
export async function findKaggleToken(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<KaggleToken | undefined> {
  const { KAGGLE_API_TOKEN, KAGGLE_USERNAME, KAGGLE_KEY, KAGGLE_CONFIG_DIR } = environment;
  if (KAGGLE_API_TOKEN) return bearer(KAGGLE_API_TOKEN, "KAGGLE_API_TOKEN");
  if (KAGGLE_USERNAME && KAGGLE_KEY) {
    return basic(KAGGLE_USERNAME, KAGGLE_KEY, "KAGGLE_USERNAME and KAGGLE_KEY");
  }
  const folder = KAGGLE_CONFIG_DIR || path.join(homedir(), ".kaggle");
  const tokenFile = path.join(folder, "access_token");
  const text = await readFile(tokenFile, "utf8").catch(() => "");
  if (text.trim() !== "") return bearer(text.trim(), tokenFile);
  const file = path.join(folder, "kaggle.json");
  const bytes = await readFile(file).catch(() => undefined);
  if (bytes === undefined) return undefined;
  const content = parseJson(bytes, file);
  const { username, key } = isRecord(content) ? content : {};
  if (typeof username !== "string" || typeof key !== "string" || username === "" || key === "") {
    throw new MienError("bad-config", `expected "username" and "key" as texts in ${file}`, {
      advice: "Make a new token on https://www.kaggle.com/settings, under API.",
    });
  }
  return basic(username, key, file);
}

function bearer(token: string, from: string): KaggleToken {
  return { authorization: `Bearer ${token}`, from };
}

function basic(user: string, key: string, from: string): KaggleToken {
  return { authorization: `Basic ${Buffer.from(`${user}:${key}`).toString("base64")}`, from };
}
