import { MienError } from "./errors.ts";
import { nearestName } from "./text/nearest-name.ts";

/** The name in front of `=` that drops classes instead of merging them. */
const DROP = "drop";
/** Stands for all classes that are not named. */
const REST = "*";

/** What a text such as `Negative=Angry,Disgust,Fear,Sad;Positive=Happy` makes of some classes. */
export interface MergedClasses {
  /** The new classes. A merged class takes the place of its first member. */
  readonly labels: readonly string[];
  /** For each old class, its index in `labels`; −1 if it is dropped. */
  readonly targets: readonly number[];
  /** The old classes that are dropped. */
  readonly dropped: readonly string[];
  /**
   * The same groups in their normal form, without `*` and without groups that change nothing; empty
   * if nothing changes. Equal results have equal texts.
   */
  readonly text: string;
  /**
   * Adds up the probabilities of the classes that are merged, and leaves out those of dropped classes.
   *
   * @param probabilities of one image or more, one after the other, each in the order of the old classes.
   * @returns the same images, each in the order of `labels`; the same array if nothing changes.
   */
  merge(probabilities: Float32Array): Float32Array;
}

/**
 * Reads groups of classes to merge or drop.
 *
 * `Negative=Angry,Disgust;Positive=Happy`: groups with `;` between them, a name, and the classes of
 * the group with `,` or `+` between them. A group without a name is called by its classes: `Sad+Fear`.
 * `*` stands for all classes that are not named: `Other=*` merges them. Classes that are not named are
 * kept as they are. `drop=Neutral` drops a class, `drop=*` all that are not named. An empty text changes
 * nothing.
 *
 * @param text the groups.
 * @param classes the old classes.
 * @param about.what subject of the error messages, such as `--classes`.
 * @param about.canDrop whether `drop=` is allowed; default true. It is not for a trained model.
 * @throws {MienError} `usage` if a class does not exist or is named twice, if two classes would have the
 *   same name, if fewer than two classes are left where `drop=` is allowed, or if the text has another
 *   form.
 * @example
 * mergeClasses("Low=Sad,Fear", ["Sad", "Happy", "Fear"], { what: "--classes" }).labels; // ["Low", "Happy"]
 */
export function mergeClasses(
  text: string,
  classes: readonly string[],
  about: { readonly what: string; readonly canDrop?: boolean },
): MergedClasses {
  const { what, canDrop = true } = about;
  const wrong = (problem: string, advice = EXAMPLE) =>
    new MienError("usage", `${what}: ${problem}`, { advice });
  const groups = text.split(";").flatMap((part) => {
    const group = part.trim();
    return group === "" ? [] : [readGroup(group, classes, wrong)];
  });
  const named = new Set<string>();
  for (const member of groups.flatMap(({ members }) => members)) {
    if (named.has(member)) throw wrong(`"${member}" is named twice`);
    named.add(member);
  }
  const rest = classes.filter((name) => !named.has(name));
  /** For each old class, the name of the new one; undefined if it is dropped. */
  const names: (string | undefined)[] = [...classes];
  const made: string[] = [];
  const grouped = new Set<string>();
  const changing = groups.filter(
    ({ name, members }) => name !== undefined || !members.includes(REST),
  );
  for (const { name, members } of changing) {
    if (name === DROP && !canDrop) {
      throw wrong(
        "the classes of a model cannot be dropped",
        "The probabilities of a face always sum to 1. Merge the classes, as in Other=*.",
      );
    }
    const own = members.flatMap((member) => (member === REST ? rest : [member]));
    const title = name ?? own.join("+");
    if (title !== DROP && own.length > 0) made.push(title);
    for (const member of own) names[classes.indexOf(member)] = title === DROP ? undefined : title;
    for (const member of own) grouped.add(member);
  }
  const all = [...made, ...classes.filter((name) => !grouped.has(name))];
  const twice = all.find((name, i) => all.indexOf(name) !== i);
  if (twice !== undefined) throw wrong(`two classes would have the same name "${twice}"`);
  const labels = [...new Set(names.filter((name) => name !== undefined))];
  if (canDrop && labels.length < 2 && changing.length > 0) {
    throw wrong(`two classes or more must be left, found ${labels.join(", ") || "none"}`);
  }
  const targets = names.map((name) => (name === undefined ? -1 : labels.indexOf(name)));
  const dropped = classes.filter((_, i) => targets[i] === -1);
  const changed = labels.flatMap((name, target) => {
    const members = classes.filter((_, i) => targets[i] === target);
    return members.length === 1 && members[0] === name ? [] : [`${name}=${members.join(",")}`];
  });
  if (dropped.length > 0) changed.push(`${DROP}=${dropped.join(",")}`);
  return {
    labels,
    targets,
    dropped,
    text: changed.join(";"),
    merge(probabilities) {
      if (changed.length === 0) return probabilities;
      const images = probabilities.length / classes.length;
      const sums = new Float32Array(images * labels.length);
      probabilities.forEach((probability, i) => {
        const target = targets[i % classes.length] ?? -1;
        if (target < 0) return;
        sums[Math.floor(i / classes.length) * labels.length + target]! += probability;
      });
      return sums;
    },
  };
}

const EXAMPLE =
  "Write groups as in Negative=Angry,Disgust;Positive=Happy: `;` between groups, `,` between classes.";

interface Group {
  /** Undefined if the group is called by its classes. */
  readonly name: string | undefined;
  /** Old classes, or `*`. */
  readonly members: readonly string[];
}

function readGroup(
  group: string,
  classes: readonly string[],
  wrong: (problem: string, advice?: string) => MienError,
): Group {
  const [first = "", second, ...more] = group.split("=");
  const list = (second ?? first).trim();
  // A class may be called Sad+Fear, because an earlier merge gave it this name.
  const separator = list.includes(",") || classes.includes(list) ? "," : "+";
  const members = list.split(separator).map((member) => member.trim());
  const name = second === undefined ? undefined : first.trim();
  if (more.length > 0 || name === "" || members.includes("")) {
    throw wrong(`"${group}" is no group`);
  }
  const stranger = members.find((member) => member !== REST && !classes.includes(member));
  if (stranger !== undefined) {
    const nearest = nearestName(stranger, classes);
    const hint = nearest === undefined ? "" : `Did you mean ${nearest}? `;
    throw wrong(
      `there is no class "${stranger}"`,
      `${hint}Classes are ${classes.join(", ")}. ${EXAMPLE}`,
    );
  }
  return { name, members };
}
