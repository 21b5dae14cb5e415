import { MienError } from "@mien/format";

const MOST = 100;
/** As the page and the reports call those whom they do not know. */
const STRANGER = /^(unknown(, track)?|faces?)( \p{N}+)?$/iu;

/**
 * A name as it is stored: composed, trimmed, single spaces.
 *
 * Letters of every script, digits, spaces and - ' . , _ ( ) are names; what could be taken for a
 * path, a tag or a direction of writing is not.
 *
 * @throws {MienError} `usage` saying what is wrong with it.
 */
export function checkName(given: unknown): string {
  const fail = (problem: string): never => {
    throw new MienError("usage", `this cannot be a name: ${problem}`, {
      advice: "Use letters, digits, spaces and - ' . , _ ( ).",
    });
  };
  if (typeof given !== "string") return fail("expected a text");
  const name = given.normalize("NFC").replace(/\s+/gu, " ").trim();
  if (name === "") return fail("it is empty");
  if (name.length > MOST) return fail(`it is longer than ${MOST} characters`);
  const odd = /[^\p{L}\p{M}\p{N} ’'.,_()-]/u.exec(name)?.[0];
  if (odd !== undefined) {
    return fail(
      `it holds U+${(odd.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`,
    );
  }
  if (!/[\p{L}\p{N}]/u.test(name)) return fail("it has no letter");
  if (STRANGER.test(name)) return fail("strangers are called so");
  return name;
}
