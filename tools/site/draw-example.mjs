import path from "node:path";
import sharp from "sharp";

/**
 * Draws a picture with three faces: a part of docs/images/drawn-faces.png, enlarged to a width of 840.
 *
 * @param {string} root the repository.
 * @param {string} file the PNG file to write.
 */
export async function drawExample(root, file) {
  await sharp(path.join(root, "docs/images/drawn-faces.png"))
    .extract({ left: 134, top: 208, width: 168, height: 60 })
    .resize({ width: 840 })
    .toFile(file);
}
