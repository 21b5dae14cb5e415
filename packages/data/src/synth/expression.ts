import { itemAt, type Random } from "@mien/format";

/** The classes of the built-in data set, in FER2013's order. */
export const CLASSES = ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"] as const;

/**
 * Strength of facial movements, 0 (at rest) to about 1 (full), after the Facial Action Coding System
 * (FACS), with the number of each action unit (AU).
 *
 * @see Ekman, Friesen, Hager: Facial Action Coding System, 2002.
 */
export interface Actions {
  /** AU 1. */
  readonly innerBrowRaise: number;
  /** AU 2. */
  readonly outerBrowRaise: number;
  /** AU 4: brows down and together. */
  readonly browLower: number;
  /** AU 5: eyes wide open. */
  readonly lidRaise: number;
  /** AU 7: eyes narrowed from below and above. */
  readonly lidTighten: number;
  /** AU 43 in part: upper lids hang. */
  readonly lidDroop: number;
  /** AU 6. */
  readonly cheekRaise: number;
  /** AU 9. */
  readonly noseWrinkle: number;
  /** AU 10. */
  readonly upperLipRaise: number;
  /** AU 12: the corners of a smile. */
  readonly cornerPull: number;
  /** AU 15. */
  readonly cornerDrop: number;
  /** AU 17. */
  readonly chinRaise: number;
  /** AU 20: mouth wide and flat. */
  readonly lipStretch: number;
  /** AU 23 and 24: lips thin and pressed. */
  readonly lipPress: number;
  /** AU 26 and 27. */
  readonly jawDrop: number;
  /** The opening of the mouth is round (1) instead of wide (0). */
  readonly round: number;
}

type Action = keyof Actions;

const REST: Actions = {
  innerBrowRaise: 0,
  outerBrowRaise: 0,
  browLower: 0,
  lidRaise: 0,
  lidTighten: 0,
  lidDroop: 0,
  cheekRaise: 0,
  noseWrinkle: 0,
  upperLipRaise: 0,
  cornerPull: 0,
  cornerDrop: 0,
  chinRaise: 0,
  lipStretch: 0,
  lipPress: 0,
  jawDrop: 0,
  round: 0,
};

/**
 * The variants of each expression, e.g. with the mouth shut or open; every image shows one of them.
 */
const VARIANTS: readonly (readonly Partial<Actions>[])[] = [
  [
    { browLower: 1, lidTighten: 0.6, lipPress: 1, chinRaise: 0.4, cornerDrop: 0.15 },
    {
      browLower: 1,
      lidRaise: 0.3,
      noseWrinkle: 0.25,
      lipStretch: 0.2,
      jawDrop: 0.45,
      upperLipRaise: 0.3,
    },
  ],
  [
    {
      noseWrinkle: 1,
      upperLipRaise: 1,
      browLower: 0.5,
      lidTighten: 0.7,
      cheekRaise: 0.5,
      cornerDrop: 0.4,
    },
    {
      noseWrinkle: 0.9,
      upperLipRaise: 0.9,
      browLower: 0.4,
      lidTighten: 0.8,
      cornerDrop: 0.6,
      jawDrop: 0.25,
    },
  ],
  [
    {
      innerBrowRaise: 0.9,
      outerBrowRaise: 0.4,
      browLower: 0.35,
      lidRaise: 1,
      lipStretch: 1,
      jawDrop: 0.3,
    },
    {
      innerBrowRaise: 1,
      outerBrowRaise: 0.5,
      browLower: 0.3,
      lidRaise: 0.9,
      lipStretch: 0.8,
      cornerDrop: 0.3,
    },
  ],
  [
    { cornerPull: 1, cheekRaise: 0.8, lidTighten: 0.3 },
    { cornerPull: 1, cheekRaise: 1, lidTighten: 0.4, jawDrop: 0.4 },
    { cornerPull: 0.9, cheekRaise: 0.9, lidTighten: 0.2, jawDrop: 0.75 },
  ],
  [
    { innerBrowRaise: 1, browLower: 0.25, lidDroop: 0.6, cornerDrop: 1, chinRaise: 0.5 },
    { innerBrowRaise: 0.9, browLower: 0.35, lidDroop: 0.9, cornerDrop: 0.8, lipPress: 0.3 },
  ],
  [
    { innerBrowRaise: 1, outerBrowRaise: 1, lidRaise: 0.8, jawDrop: 0.6, round: 1 },
    { innerBrowRaise: 1, outerBrowRaise: 1, lidRaise: 1, jawDrop: 1, round: 0.9 },
  ],
  [{}],
];

/**
 * Draws the action units of one face at random: a variant of the expression at some intensity, mixed
 * with a little of another expression and some noise.
 *
 * @param label index into `CLASSES`.
 */
export function drawActions(label: number, stream: Random): Actions {
  const intensity = stream.between(0.75, 1.1);
  const trace = stream.between(0, 0.12);
  const own = pick(VARIANTS[label] ?? [], stream);
  const other = pick(VARIANTS[stream.integer(VARIANTS.length)] ?? [], stream);
  const actions = Object.keys(REST) as Action[];
  const drawn = actions.map((action) => {
    const exact = intensity * (own[action] ?? 0) + trace * (other[action] ?? 0);
    const jitter = 0.04 * stream.normal() + 0.1 * (own[action] ?? 0) * stream.normal();
    return [action, Math.min(1.2, Math.max(0, exact + jitter))] as const;
  });
  return { ...REST, ...Object.fromEntries(drawn) };
}

function pick<T>(values: readonly T[], stream: Random): T {
  return itemAt(values, stream.integer(values.length));
}
