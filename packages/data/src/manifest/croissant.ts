import path from "node:path";
import { writeJson } from "@mien/cli";
import type { DatasetManifest } from "@mien/format";

/** The terms of Croissant 1.0, as its specification gives them. */
const CONTEXT = {
  "@language": "en",
  "@vocab": "https://schema.org/",
  citeAs: "cr:citeAs",
  column: "cr:column",
  conformsTo: "dct:conformsTo",
  cr: "http://mlcommons.org/croissant/",
  data: { "@id": "cr:data", "@type": "@json" },
  dataType: { "@id": "cr:dataType", "@type": "@vocab" },
  dct: "http://purl.org/dc/terms/",
  examples: { "@id": "cr:examples", "@type": "@json" },
  extract: "cr:extract",
  field: "cr:field",
  fileProperty: "cr:fileProperty",
  fileObject: "cr:fileObject",
  fileSet: "cr:fileSet",
  format: "cr:format",
  includes: "cr:includes",
  isLiveDataset: "cr:isLiveDataset",
  jsonPath: "cr:jsonPath",
  key: "cr:key",
  md5: "cr:md5",
  parentField: "cr:parentField",
  path: "cr:path",
  recordSet: "cr:recordSet",
  references: "cr:references",
  regex: "cr:regex",
  repeated: "cr:repeated",
  replace: "cr:replace",
  sc: "https://schema.org/",
  separator: "cr:separator",
  source: "cr:source",
  subField: "cr:subField",
  transform: "cr:transform",
} as const;

const SITE = /https?:\/\/\S+/;

/**
 * A manifest as Croissant 1.0 (JSON-LD), which other programs and search engines for data sets read:
 * the file with its SHA-256, one record for each row with the fields `emotion`, `pixels` and `Usage`,
 * and one record for each class. Without a file in the manifest, there are only the classes.
 *
 * @see https://docs.mlcommons.org/croissant/docs/croissant-spec.html
 * @internal
 */
export function croissantOf({ name, classes, image, file, licence, source }: DatasetManifest) {
  const { height, width, channels } = image;
  const colour = channels === 1 ? "grey" : "RGB";
  const field = (id: string, description: string, dataType: string) => ({
    "@type": "cr:Field",
    "@id": `images/${id}`,
    name: id,
    description,
    dataType,
    source: { fileObject: { "@id": file?.name }, extract: { column: id } },
  });
  const images = {
    "@type": "cr:RecordSet",
    "@id": "images",
    name: "images",
    description: "One record for each row of the CSV.",
    field: [
      field("emotion", "The label: a number of the record set classes.", "sc:Integer"),
      field(
        "pixels",
        `${height * width * channels} values from 0 to 255 with spaces between them: ${height} rows of ${width} pixels in ${colour}.`,
        "sc:Text",
      ),
      field(
        "Usage",
        "The split: Training, PublicTest (validation) or PrivateTest (test).",
        "sc:Text",
      ),
    ],
  };
  const named = {
    "@type": "cr:RecordSet",
    "@id": "classes",
    name: "classes",
    description: "The classes by their numbers.",
    key: { "@id": "classes/label" },
    field: [
      { "@type": "cr:Field", "@id": "classes/label", name: "label", dataType: "sc:Integer" },
      { "@type": "cr:Field", "@id": "classes/name", name: "name", dataType: "sc:Text" },
    ],
    data: classes.map((className, label) => ({
      "classes/label": label,
      "classes/name": className,
    })),
  };
  const rows = file === undefined ? "" : `${file.rows} `;
  return {
    "@context": CONTEXT,
    "@type": "sc:Dataset",
    conformsTo: "http://mlcommons.org/croissant/1.0",
    name,
    description: `${rows}${colour} images of ${width}×${height} pixels in ${classes.length} classes. Source: ${source}`,
    license: licence,
    url: SITE.exec(source)?.[0] ?? `urn:mien:${encodeURIComponent(name)}`,
    ...(file === undefined
      ? { recordSet: [named] }
      : {
          distribution: [
            {
              "@type": "cr:FileObject",
              "@id": file.name,
              name: file.name,
              contentUrl: file.name,
              encodingFormat: "text/csv",
              sha256: file.sha256,
            },
          ],
          recordSet: [images, named],
        }),
  };
}

/**
 * Writes a manifest, and the same as Croissant beside it: `faces.croissant.json` beside
 * `faces.manifest.json`.
 *
 * @returns the path of the second file.
 * @throws {MienError} `environment` if one of them cannot be written.
 */
export async function writeManifest(file: string, manifest: DatasetManifest): Promise<string> {
  const name = path.basename(file).replace(/manifest\.json$/, "croissant.json");
  const croissant = path.join(path.dirname(file), name);
  await writeJson(file, manifest);
  await writeJson(croissant, croissantOf(manifest));
  return croissant;
}
