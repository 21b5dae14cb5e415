import { formatPercent, formatSeconds, type Terminal } from "@mien/cli";
import type { EpochRecord } from "@mien/format";
import type { FitProgress, UsedImages } from "../fit.ts";
import { count } from "../report/numbers.ts";

/**
 * The numbers of images that a training uses: `5,696 of 28,709 training and 3,589 validation
 * images`.
 */
export function describeImages({ train, validation }: UsedImages): string {
  const of = ({ used, all }: UsedImages["train"]) =>
    used === all ? count(all) : `${count(used)} of ${count(all)}`;
  return `${of(train)} training and ${of(validation)} validation images`;
}

/** `by labels 62.10 %, by votes 73.50 %, criterion 67.80 %  `, or nothing without a criterion. */
function describeCriterion(record: EpochRecord): string {
  const figures = [
    ["by labels", record.validationAccuracyByLabels],
    ["by votes", record.validationAccuracyByVotes],
    ["criterion", record.criterion],
  ] as const;
  const known = figures.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${formatPercent(value)}`],
  );
  return known.length === 0 ? "" : `${known.join(", ")}  `;
}

/** Shows a progress bar for the present epoch, and a line for each finished one. */
export function epochDisplay(terminal: Terminal, epochs: number) {
  let bar: ReturnType<Terminal["progress"]> | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    stop,
    progress: ({ epoch, images, total, imagesPerSecond, secondsLeft, loss }: FitProgress) => {
      bar ??= terminal.progress(`epoch ${epoch}/${epochs}`, total);
      const speed = `${imagesPerSecond.toFixed(0)} images/s`;
      const left = `${formatSeconds(secondsLeft)} for all epochs`;
      bar.update(images, `${speed}, loss ${loss.toFixed(4)}, ${left}`);
    },
    finished: (record: EpochRecord) => {
      stop();
      const width = String(epochs).length;
      terminal.say(
        `epoch ${String(record.epoch).padStart(width)}/${epochs}  ` +
          `train ${record.trainLoss.toFixed(4)} ${formatPercent(record.trainAccuracy)}  ` +
          `validation ${record.validationLoss.toFixed(4)} ${formatPercent(record.validationAccuracy)}  ` +
          describeCriterion(record) +
          `${record.imagesPerSecond.toFixed(0)} images/s, ${formatSeconds(record.seconds)}`,
      );
    },
  };
}
