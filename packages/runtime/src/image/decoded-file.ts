import type { RawImage } from "@mien/format";
import type { InBrowser } from "./in-browser.ts";

/** A picture file: its content; or its path (in Node) or address. */
export type PictureFile = string | URL | Blob | Uint8Array;

/** A decoded picture file: pixels, with the file's path if it was given by path; or a bitmap. */
type DecodedFile = (RawImage & { readonly path?: string }) | InBrowser<"ImageBitmap">;

/**
 * Decodes a picture file, turned as its EXIF orientation says. `decode-node.ts` and `decode-web.ts`
 * both do; the import map of package.json (`#decode`) selects one.
 *
 * @throws {MienError} `missing-file` if the file cannot be read or downloaded; `bad-image` if it is
 * not a picture or is damaged; in Node `environment` if sharp, which decodes, is not installed.
 */
export type DecodePicture = (file: PictureFile) => Promise<DecodedFile>;
