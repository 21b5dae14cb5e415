import path from "node:path";
import { dataFolder, defineCommand, outOption } from "@mien/cli";

const FOLDER = path.join("datasets", "fer2013");

/** `data:fetch`: downloads FER2013 from Kaggle. */
export const fetchCommand = defineCommand({
  name: "fetch",
  summary: "Download FER2013 from Kaggle with your own token",
  details:
    "Looks for the token where Kaggle's own program does: KAGGLE_API_TOKEN; KAGGLE_USERNAME and KAGGLE_KEY; ~/.kaggle/access_token; ~/.kaggle/kaggle.json. The token is sent to Kaggle only. Without a token, the command says how to get one, and how to download the file by hand. " +
    "An interrupted download is continued. The SHA-256 of fer2013.csv is compared with the manifest. No other command downloads a data set.",
  examples: ["npx nx run data:fetch", "npx nx run data:fetch --out ~/data"],
  options: {
    out: {
      ...outOption("Folder that fer2013.csv is written to"),
      defaultText: `the folder of MIEN_DATA, else ${FOLDER}`,
    },
  },
  run: async ({ out }, { terminal, signal }) => {
    const folder = out ?? (await dataFolder()) ?? FOLDER;
    const { fetchFer2013 } = await import("../fetch/fetch-fer2013.ts");
    const fetched = await fetchFer2013({
      folder,
      manifestFile: path.join(FOLDER, "manifest.json"),
      terminal,
      signal,
      // Only tests set it, to a server on this machine.
      site: process.env["MIEN_KAGGLE_SITE"],
    });
    if (fetched.upToDate) terminal.say(`up to date: ${fetched.csv} is FER2013`);
    else terminal.wrote(fetched.csv, "its SHA-256 is that of the manifest");
    terminal.next("npx nx run data:explore", "to see what is in it");
    return fetched;
  },
});
