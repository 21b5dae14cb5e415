import { createLbph, openEmbedding, People } from "@mien/runtime";
import { findFaceModel } from "../face-models.ts";
import { PersonStore } from "./person-store.ts";

/** Where people are kept unless `--people` says otherwise. */
export const PEOPLE_FOLDER = "artifacts/people";

/** How a store is opened. */
export interface StoreOptions {
  /** `embedding` (default) or `lbph`. */
  readonly recogniser?: string;
  readonly threads?: number;
  /** The folders under which commands write, to erase names from. Default `artifacts`. */
  readonly results?: readonly string[];
}

/** Opens a folder of people with the recogniser that they are recognised by. */
export async function openStore(
  folder: string,
  { recogniser = "embedding", threads = 1, results = ["artifacts"] }: StoreOptions = {},
): Promise<PersonStore> {
  const how =
    recogniser === "lbph"
      ? createLbph()
      : await openEmbedding(findFaceModel("embedding"), { threads });
  return PersonStore.open(folder, new People(how), results);
}
