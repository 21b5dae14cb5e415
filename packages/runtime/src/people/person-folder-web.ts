import { MienError } from "@mien/format";

/** The functions of `person-folder.ts` in a browser, which has no folders. */
function unsupported(): Promise<never> {
  return Promise.reject(
    new MienError("unsupported", "a page cannot read or write folders of people", {
      advice: "Keep the bytes of encodePerson(person, kind), and read them with decodePerson.",
    }),
  );
}

export const loadPeople = unsupported;
export const savePerson = unsupported;
export const deletePerson = unsupported;
export const hasPersonFile = unsupported;
