/** Replacement for a user name, a password or a key. */
const HIDDEN = "***";

/**
 * Parameters whose values are secret, by their names in lower case without punctuation. Names that
 * contain one of the words count: `access_token`, `X-Amz-Signature`, `loginpas`, `passphrase`.
 */
const SECRET_NAME = /use?r|pwd|pas|psw|token|secret|sig|auth|cred|login|session|jwt|hmac|key$/;
/**
 * Further names of secret parameters. They must match as a whole, because harmless names contain
 * them.
 */
const SECRET_WORD = /^(u|p|pw|pin|otp|sid|uid|acc|account|policy|streamid|hdnea|hdnts|code|hash)$/;

/** The beginning of an address. `file:` is excluded, because local files have no user. */
const SCHEME = /(?!file:)\b[a-z][a-z0-9+.-]*:\/\//i;
/** The beginning of an address in which one or both slashes are missing, for common schemes. */
const MISTYPED = /^(?:rtsps?|rtmps?|https?|ftps?|srt|udp|tcp|rtp|mms|postgres(?:ql)?):\/?(?!\/)/i;
/** `me:password@host`: an address without its scheme. A drive letter of Windows does not match. */
const BARE = /^(?!kinect:|webcam:|file:)[^\s:/\\@]{2,}:[^@]+@(?=[^\s@/\\]+$|[^\s@/\\]+[/:?])/i;

/**
 * Replaces the user names, passwords and keys of the addresses in a text by `***`, so that the text can
 * be shown, logged, stored or sent.
 *
 * The part before the `@` of an address is hidden, and so are the values of parameters named user,
 * password, token, key, signature or similar, in the query, the fragment or the path. If a password
 * contains `/`, `?`, `#`, `@` or a blank, its end is not certain; then more is hidden rather than
 * less, possibly also the host.
 *
 * @param text an address, or any text, such as the log of a program that was given the address.
 * @param address an address that the text may contain, whole or in parts. Default: the whole text
 *   is one address. In an address without `://`, only `user:password@` is replaced.
 */
export function withoutSecrets(text: string, address: string = text): string {
  if (text === address) return hideWhole(text);
  const shown = hideWhole(address);
  let safe = text;
  if (shown !== address) {
    safe = safe.replaceAll(address, shown);
    for (const secret of secretsIn(address)) safe = hideEach(safe, secret);
  }
  // Other addresses, for example from a playlist or a redirection.
  const others = new RegExp(`${SCHEME.source}[^\\s"'<>]*`, "gi");
  return safe.replace(others, (found) => hideWhole(found));
}

function hideWhole(address: string): string {
  const start = SCHEME.exec(address) ?? MISTYPED.exec(address);
  if (start === null) return address.replace(BARE, `${HIDDEN}@`);
  const { head, rest } = splitAtScheme(address, start);
  return head + hideRest(rest);
}

function splitAtScheme(address: string, start: RegExpExecArray): { head: string; rest: string } {
  const at = start.index + start[0].length;
  return { head: address.slice(0, at), rest: address.slice(at) };
}

/** Hides the secrets in the part of an address after `://`. */
function hideRest(rest: string): string {
  const values = secretValues(rest);
  const lastAt = rest.lastIndexOf("@");
  const inValue = values.some(({ from, to }) => from <= lastAt && lastAt < to);
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? "";
  if (lastAt < 0 || isHost(authority) || (inValue && !/[@:]/.test(authority))) {
    return hidePort(hideValues(rest, values), authority);
  }
  // This @ may end the user's password or belong to a parameter, so that everything is hidden.
  if (inValue) return HIDDEN;
  const tail = rest.slice(lastAt + 1);
  return `${HIDDEN}@${hideValues(tail, secretValues(tail))}`;
}

/**
 * Whether the part before the path is certainly a host. A part such as `name:1234` or `name` is
 * not: it may be a user, as in `name:1234/5@host` and `name/5@host`.
 */
function isHost(authority: string): boolean {
  return /^((\d+\.){3}\d+|\[[\da-f:.%]+\]|localhost)(:\d*)?$|^[\w-]+(\.[\w-]+)+$/i.test(authority);
}

/** Hides user and password in `user:password` without a host; a number after the colon is a port. */
function hidePort(rest: string, authority: string): string {
  const [, host = "", port] = /^(\[[^\]]*\]|[^:]*):([^]*)$/.exec(authority) ?? [];
  if (port === undefined || /^\d*\W*$/.test(port)) return rest;
  return `${HIDDEN}:${HIDDEN}${rest.slice(host.length + 1 + port.length)}`;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** The places of the secret values in `name=value`. */
function secretValues(rest: string): Range[] {
  const ranges: Range[] = [];
  const names = /([/?#&;\s]|_(?=[^/?#&;\s=_]+=))([^/?#&;\s=]+)=/g;
  for (let found = names.exec(rest); found !== null; found = names.exec(rest)) {
    const [whole, separator = "", name = ""] = found;
    const from = found.index + whole.length;
    // Some cameras have parameters in the path: /user=me_password=x_channel=1.sdp
    const inPath = !/[?#]/.test(rest.slice(0, found.index)) && !/[?#]/.test(separator);
    const next = inPath ? /[&;_][^/?#&;\s=_]+=/ : /[&;][^/?#&;\s=]+=/;
    const length = rest.slice(from).search(next);
    const to = length < 0 ? rest.length : from + length;
    if (isSecret(name) || hidesAddress(rest.slice(from, to))) {
      ranges.push({ from, to });
      names.lastIndex = to;
    } else {
      names.lastIndex = from;
    }
  }
  return ranges;
}

function isSecret(name: string): boolean {
  const letters = decoded(name)
    .toLowerCase()
    .replace(/[^a-z]/g, "");
  return SECRET_NAME.test(letters) || SECRET_WORD.test(letters);
}

/** Whether a value is an address that contains secrets, plain or percent-encoded. */
function hidesAddress(value: string): boolean {
  const plain = decoded(value);
  const start = SCHEME.exec(plain);
  if (start === null) return false;
  const { rest } = splitAtScheme(plain, start);
  return hideRest(rest) !== rest;
}

function hideValues(rest: string, values: readonly Range[]): string {
  let shown = "";
  let at = 0;
  for (const { from, to } of values) {
    shown += rest.slice(at, from) + HIDDEN;
    at = to;
  }
  return shown + rest.slice(at);
}

/** The secrets of an address and their parts, in all forms that programs may print; longest first. */
function secretsIn(address: string): string[] {
  const start = SCHEME.exec(address) ?? MISTYPED.exec(address);
  const rest = start === null ? address : splitAtScheme(address, start).rest;
  const whole = secretValues(rest).map(({ from, to }) => rest.slice(from, to));
  if (hideRest(rest).startsWith(HIDDEN)) {
    const userInfo = rest.slice(0, Math.max(0, rest.lastIndexOf("@")));
    const colon = userInfo.indexOf(":");
    whole.push(userInfo, userInfo.slice(colon + 1), userInfo.slice(0, Math.max(0, colon)));
  }
  const parts = whole.flatMap((secret) => [secret, ...secret.split(/[/?#@:&=\s]+/)]);
  const forms = parts.flatMap((part) => [
    part,
    decoded(part),
    encodeURIComponent(wellFormed(part)),
  ]);
  return [...new Set(forms)].filter((form) => form.length > 2).sort((a, b) => b.length - a.length);
}

/** Hides a secret; a short one only as a whole word, so that the rest of the text stays readable. */
function hideEach(text: string, secret: string): string {
  if (secret.length > 4) return text.replaceAll(secret, HIDDEN);
  const literal = secret.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`, "gu"), HIDDEN);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Removes unpaired surrogates, which encodeURIComponent refuses. */
function wellFormed(text: string): string {
  return text.replace(
    /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    "",
  );
}
