import path from "node:path";
import { checkWritable, defineCommand, FOLDERS, shellQuote } from "@mien/cli";
import { MienError, toFolderName } from "@mien/format";
import { chooseSplit, splitOptions } from "../split/split-name.ts";

/** `data:import`: turns a folder of images into a CSV and its manifest. */
export const importCommand = defineCommand({
  name: "import",
  summary: "Turn a folder of images into a data set",
  details:
    "Reads JPEG, PNG, WebP, GIF, TIFF and AVIF. The names of the folders are the classes. The images may be divided into splits:\n" +
    "  FOLDER/train/happy/1.jpg  Train, val and test, or other names of splits, with the classes in them.\n" +
    "  FOLDER/happy/train/1.jpg  The classes, with the splits in them.\n" +
    "  FOLDER/happy/1.jpg        The classes only; all images are Training, unless there is --split.\n" +
    "With --split, images in folders of a test split stay there.\n" +
    "Spellings of the expressions become the names of FER2013: anger is Angry, happiness is Happy. Any other name is a class, too. The labels are in the order of FER2013 for its seven classes, else in alphabetical order.\n" +
    "Images should show one cropped face each. They are converted as app:analyze --cropped converts them: turned by their EXIF orientation, the first frame of an animation, resized to a square, grey. " +
    "Files that cannot be read are named and left out.\n" +
    "Writes the CSV in the layout of FER2013, and beside it NAME.manifest.json (classes, image size, SHA-256) and NAME.import.json (every file that was left out, and why).",
  examples: [
    "npx nx run data:import ~/Downloads/faces",
    "npx nx run data:import ~/Downloads/faces --split 70/20/10 --out artifacts/data/faces.csv.gz",
  ],
  positional: {
    name: "FOLDER",
    description: "Folder of images, with one folder for each class",
    required: true,
  },
  options: {
    out: {
      type: "string",
      placeholder: "FILE",
      description: "CSV to write; compressed by gzip if its name ends with .gz",
      defaultText: `${FOLDERS.data}/<folder>.csv`,
      group: "output",
    },
    size: {
      type: "integer",
      description: "Width and height of the images in the CSV",
      unit: "pixels",
      default: 48,
      min: 8,
      max: 1024,
    },
    colour: {
      type: "boolean",
      description: "Keep three channels (RGB) instead of grey",
    },
    split: {
      ...splitOptions.split,
      description: "Splits: official (as the folders are), or percentages such as 70/20/10",
    },
    splitSeed: splitOptions.splitSeed,
  },
  run: async ({ out, size, colour, split, splitSeed }, { terminal, signal, positionals }) => {
    const [folder = ""] = positionals;
    const name = toFolderName(path.basename(path.resolve(folder)));
    const csv = out ?? path.join(FOLDERS.data, `${name}.csv`);
    if (!/[^/\\]\.csv(\.gz)?$/i.test(csv)) {
      throw new MienError("usage", `--out must end with .csv or .csv.gz, found ${csv}`);
    }
    await checkWritable("--out", csv);
    const settings = {
      size,
      channels: colour ? 3 : 1,
      split: chooseSplit({ split, splitSeed }),
    } as const;
    const { importFolder } = await import("../set/import-folder.ts");
    const { printImport } = await import("../set/print-import.ts");
    const { COUNT_HEAD, countRows } = await import("../set/counts.ts");
    const imported = await importFolder({ folder, csv, settings, terminal, signal });
    const { report, manifest, reportFile, upToDate } = imported;
    printImport(terminal, imported);
    terminal.table(COUNT_HEAD, countRows(report.classes, report.counts));
    if (!upToDate) for (const file of [csv, manifest, reportFile]) terminal.wrote(file);
    terminal.next(`npx nx run data:explore --csv ${shellQuote(csv)}`, "to see what is in it");
    return { csv, manifest, upToDate, ...report };
  },
});
