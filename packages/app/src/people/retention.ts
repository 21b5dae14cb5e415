import { MienError } from "@mien/format";
import { MAX_KEEP_DAYS } from "@mien/web";

// The numbers of days are defined in the package of the page, where the user chooses one.
export { KEEP_DAYS, MAX_KEEP_DAYS } from "@mien/web";
/** How often `app:live` deletes expired people, in ms. Other commands delete them when they start. */
export const RETENTION_CHECK_INTERVAL = 3_600_000;

const DAY = 86_400_000;

/** @throws {MienError} `usage` unless `keepDays` is a whole number from 1 to `MAX_KEEP_DAYS`. */
export function checkKeepDays(keepDays: number): void {
  if (Number.isSafeInteger(keepDays) && keepDays >= 1 && keepDays <= MAX_KEEP_DAYS) return;
  throw new MienError(
    "usage",
    `the time that a person is stored must be 1 to ${MAX_KEEP_DAYS} days, found ${keepDays}`,
  );
}

/**
 * When a person is deleted, ISO 8601.
 *
 * @param given when consent was given, ISO 8601.
 */
export function expiryOf(given: string, keepDays: number): string {
  return new Date(Date.parse(given) + keepDays * DAY).toISOString();
}

/** The earlier of two expiry dates, ISO 8601: merged entries are stored no longer than either. */
export function earlierExpiry(one: string, other: string): string {
  return new Date(Math.min(Date.parse(one), Date.parse(other))).toISOString();
}

/** Whether the expiry date of a person has passed. */
export function isExpired({ keepUntil }: { readonly keepUntil: string }): boolean {
  return Date.parse(keepUntil) < Date.now();
}
