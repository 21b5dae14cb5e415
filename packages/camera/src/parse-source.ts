import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MienError, withoutSecrets } from "@mien/format";
import { readAddressFile } from "./address-file.ts";
import { findTyped, onDisk, pathOfAddress } from "./system/file-names.ts";

/** What a source may be, for help texts and error messages. */
export const SOURCE_KINDS =
  "a video or image file, a folder of images, webcam[:N], kinect, kinect:RECORDING, " +
  "an rtsp:// or http:// address, @FILE for a text file that holds the address, " +
  "or - for standard input";

/** A source as the user names it, parsed but not opened. */
export type ParsedSource = SourceText &
  (
    | {
        readonly type: "webcam";
        /** As `listWebcams` numbers them; undefined for the first one. */
        readonly number: number | undefined;
      }
    | { readonly type: "kinect" }
    | { readonly type: "recording"; readonly folder: string }
    | { readonly type: "address"; readonly address: string }
    | { readonly type: "standard input" }
    /** A video, an image or a folder of images: which of them shows when it is opened. */
    | { readonly type: "path"; readonly path: string }
  );

/** What all parsed sources have in common. */
interface SourceText {
  /** The text that was parsed; for `@FILE`, the content of the file. It may contain a password. */
  readonly text: string;
  /** The text without its password, which is shown to people. */
  readonly name: string;
  /**
   * Whether to open the source again if it cannot be opened or is lost: true for webcams, the
   * Kinect and addresses; false for files and standard input.
   */
  readonly canReconnect: boolean;
  /** Whether it can be started again at its end: false only for standard input. */
  readonly canLoop: boolean;
}

/**
 * Parses a source; the only place where this text is interpreted.
 *
 * @param text see `SOURCE_KINDS`; any text of no other kind is a path.
 * @throws {MienError} `usage` if the text after `webcam:` is not a number, or if several files
 * match a path that is not UTF-8; errors of reading `@FILE`.
 */
export async function parseSource(text: string): Promise<ParsedSource> {
  const source = await readAddressFile(text);
  const common = { text: source, name: withoutSecrets(source), canReconnect: false, canLoop: true };
  if (source === "-") {
    return { ...common, type: "standard input", name: "standard input", canLoop: false };
  }
  const [, device, rest] = /^(webcam|kinect)(?::(.+))?$/i.exec(source) ?? [];
  if (device?.toLowerCase() === "webcam") {
    return { ...common, type: "webcam", number: webcamNumber(rest), canReconnect: true };
  }
  if (device !== undefined && rest === undefined) {
    return { ...common, type: "kinect", name: "Kinect", canReconnect: true };
  }
  if (rest !== undefined) return { ...common, type: "recording", folder: await findTyped(rest) };
  if (/^file:\/\//i.test(source)) {
    return { ...common, type: "path", path: await findTyped(pathOf(source)) };
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(source)) {
    return { ...common, type: "address", address: source, canReconnect: true };
  }
  return { ...common, type: "path", path: await findTyped(source) };
}

function webcamNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new MienError("usage", `"webcam:${text}" is no webcam: expected webcam:0, webcam:1, …`);
}

/** The path of a `file://` address; the rest of the text if it is not a well-formed address. */
function pathOf(address: string): string {
  try {
    const decoded = fileURLToPath(address);
    if (existsSync(decoded)) return decoded;
  } catch {
    // For example a % without two digits after it, or bytes that are not UTF-8.
  }
  const path = pathOfAddress(address);
  return existsSync(onDisk(path)) ? path : address.slice("file://".length);
}
