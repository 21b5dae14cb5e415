import { itemAt, type ImageSet, type MergedClasses } from "@mien/format";

/** `--classes`, for commands that train. */
export const classesOption = {
  type: "string",
  placeholder: "GROUPS",
  description: "Classes to merge or drop, as in Negative=Angry,Sad;drop=Neutral",
  group: "data",
  default: "",
  defaultText: "all classes of the data set",
} as const;

/** Sentences about `--classes`, for the details of a command. */
export const CLASSES_DETAILS =
  "The option --classes merges classes: ; is between groups, and , between the classes of a group. " +
  "Classes that are not named are kept; * stands for all of them, as in Happy;Other=*. drop=Neutral leaves images of a class out.";

/** Lines that say which classes of a data set are merged, renamed and dropped; none if all are kept. */
export function describeClasses(set: ImageSet, merged: MergedClasses): string[] {
  if (merged.text === "") return [];
  const of = (target: number) =>
    set.labels.filter((label) => itemAt(merged.targets, label) === target).length;
  const lines = [
    `classes: ${merged.labels.map((name, target) => `${name} ${of(target).toLocaleString("en")}`).join(", ")} images`,
  ];
  if (merged.dropped.length > 0) {
    lines.push(`dropped: ${of(-1).toLocaleString("en")} images of ${merged.dropped.join(", ")}`);
  }
  return lines;
}
