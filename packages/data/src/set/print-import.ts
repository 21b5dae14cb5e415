import { counted, type Terminal } from "@mien/cli";
import { printable } from "@mien/format";
import { nameSome } from "../import/arrange-images.ts";
import type { Imported } from "./import-folder.ts";

/** Number of files that are printed one by one. */
const SHOWN = 5;

/** Says what was imported, and prints the files that were left out and the notes. */
export function printImport(terminal: Terminal, { csv, report, upToDate }: Imported): void {
  const { folder, images, image, leftOut, notes, otherFiles } = report;
  const kind = `${image.width}×${image.height}, ${image.channels === 1 ? "grey" : "colour"}`;
  const what = `${counted(images, "image")} (${kind}) of ${printable(folder)}`;
  terminal.say(upToDate ? `up to date: ${csv}, ${what}` : `imported ${what} to ${csv}`);
  if (leftOut.length > 0) {
    terminal.warn(`left out: ${counted(leftOut.length, "file")}`);
    for (const { file, reason } of leftOut.slice(0, SHOWN)) {
      terminal.warn(`  ${printable(file)} ${printable(reason)}`);
    }
    if (leftOut.length > SHOWN) terminal.warn(`  … and ${leftOut.length - SHOWN} more`);
  }
  if (otherFiles.length > 0) {
    terminal.say(`ignored, because their names are not those of images: ${nameSome(otherFiles)}`);
  }
  for (const note of notes) terminal.warn(`note: ${note}`);
}
