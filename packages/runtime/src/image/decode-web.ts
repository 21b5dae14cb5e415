import { MienError, messageOf } from "@mien/format";
import type { DecodePicture, PictureFile } from "./decoded-file.ts";
import { fetchPicture } from "./fetch-picture.ts";

export const decodePicture: DecodePicture = async (file) => {
  const content = await contentOf(file);
  return createImageBitmap(content).catch((error: unknown) => {
    const found = `${content.size} bytes${content.type === "" ? "" : ` of ${content.type}`}`;
    throw new MienError("bad-image", `the browser cannot decode ${found}: ${messageOf(error)}`, {
      advice: "Give a picture file, such as JPEG, PNG or WebP.",
      cause: error,
    });
  });
};

async function contentOf(file: PictureFile): Promise<Blob> {
  if (file instanceof Blob) return file;
  if (typeof file === "string" || file instanceof URL) return fetchPicture(file);
  return new Blob([new Uint8Array(file)]);
}
