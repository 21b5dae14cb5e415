import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { MienError, printable } from "@mien/format";

/**
 * The folder of data sets and photographs that the environment variable MIEN_DATA names.
 *
 * @returns undefined if the variable is not set or is empty.
 * @throws {MienError} `missing-file` if the variable is set but names no folder; other data is not
 *   used instead.
 */
export async function dataFolder(): Promise<string | undefined> {
  const folder = process.env["MIEN_DATA"];
  if (!folder) return undefined;
  const stats = await stat(folder).catch(() => undefined);
  if (stats?.isDirectory()) return folder;
  const problem = stats === undefined ? "there is no such folder" : "that is a file";
  const advice = ["Set MIEN_DATA to the folder that holds the data, or unset it."];
  if (stats !== undefined) advice.push(`To read one file, write --csv ${folder}.`);
  if (folder.startsWith("~")) advice.push("The shell replaces ~ only outside quotes.");
  if (!path.isAbsolute(folder)) {
    advice.push(`Relative to the current folder, it is ${path.resolve(folder)}.`);
  }
  throw new MienError("missing-file", `MIEN_DATA is ${printable(folder)}, but ${problem}`, {
    advice: advice.join(" "),
  });
}

/** File names of tables and archives, which may hold a data set. */
const DATA_FILES = /\.(?:[ct]sv|txt|xlsx?|parquet|zip|tar|t?gz|7z|rar|bz2|xz|zst)$/i;

/** Largest number of files in the list. */
const LISTED = 8;

/**
 * Lists the tables and archives in a folder, for the error message about a missing data file.
 *
 * @returns `a.csv, b.zip`, or `no CSV and no archive`.
 */
export async function listDataFiles(folder: string): Promise<string> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => DATA_FILES.test(name));
  if (names.length === 0) return "no CSV and no archive";
  const more = names.length > LISTED ? [`and ${names.length - LISTED} more`] : [];
  return printable([...names.sort().slice(0, LISTED), ...more].join(", "));
}
