import { People, type Recogniser } from "@mien/runtime";

/** More pictures than this are not compared with one another; every n-th is. */
const MOST = 120;
/** Fewer pictures than this that differ from the rest are odd ones, rather than another person's. */
const LEAST = 2;

/**
 * What speaks against taking these pictures for one person of that name, in sentences.
 *
 * Pictures are linked that are nearer to one another than the line to strangers, which is drawn
 * from them as for an enrolled person: those of two people fall apart into two groups. With the
 * embedding that finds 94 % of pairs of ORL people, and suspects 1 person of 40 wrongly.
 *
 * @param features of the pictures.
 * @param known who is enrolled already.
 */
export function doubtsAbout(
  name: string,
  features: readonly Float32Array[],
  known: People,
): string[] {
  const every = Math.ceil(features.length / MOST);
  const compared = features.filter((_, i) => i % every === 0);
  const doubts: string[] = [];
  const [most = 0, second = 0] = groupSizes(compared, known.recogniser);
  if (second >= LEAST) {
    const share = Math.round((100 * second) / compared.length);
    doubts.push(
      `These pictures may be of two people: ${share} % of them differ much from ` +
        `${most === compared.length - second ? "the others" : "most others"}.`,
    );
  }
  const likes = new Map<string | null, number>();
  for (const feature of compared) {
    const like = known.identify(feature)?.name ?? null;
    likes.set(like, (likes.get(like) ?? 0) + 1);
  }
  const [like = null, count = 0] = [...likes].sort(([, a], [, b]) => b - a)[0] ?? [];
  if (like !== null && like !== name && count > compared.length / 2) {
    doubts.push(`They look like ${like}, who is enrolled already; one person can be merged later.`);
  }
  if (known.list().some((one) => one.name === name) && like !== name) {
    doubts.push(`They do not look like the ${name} who is enrolled already.`);
  }
  return doubts;
}

/** Sizes of the groups that pictures fall into, largest first. */
function groupSizes(features: readonly Float32Array[], recogniser: Recogniser): number[] {
  if (features.length < 2) return [features.length];
  const alone = new People(recogniser);
  alone.add("these", features);
  const { threshold } = alone.calibration();
  const rest = new Set(features);
  const sizes: number[] = [];
  for (const start of rest) {
    const group = [start];
    rest.delete(start);
    for (const member of group) {
      for (const other of rest) {
        if (recogniser.distance(member, other) > threshold) continue;
        rest.delete(other);
        group.push(other);
      }
    }
    sizes.push(group.length);
  }
  return sizes.sort((a, b) => b - a);
}
