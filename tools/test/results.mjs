/**
 * The fields of a report of vitest's JSON reporter that are used.
 *
 * @typedef {object} Report
 * @property {boolean} success
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests skipped ones.
 * @property {number} numTodoTests
 * @property {readonly FileReport[]} testResults
 */

/**
 * One test file.
 *
 * @typedef {object} FileReport
 * @property {string} name its path.
 * @property {number} startTime in milliseconds, as is `endTime`.
 * @property {number} endTime
 * @property {readonly { fullName: string, status: string }[]} assertionResults
 */

/** @typedef {{ passed: number, failed: number, skipped: number }} Count of tests. */

/**
 * Adds up the reports of several vitest runs.
 *
 * @param {readonly (Report | undefined)[]} reports undefined for a run that ended without one.
 * @returns {Count} a run without a report counts as one failure, and so does a run that failed
 *   without a failed test (a file that cannot be imported, an error outside every test).
 */
export function countTests(reports) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const report of reports) {
    if (report === undefined) {
      count.failed++;
      continue;
    }
    count.passed += report.numPassedTests;
    count.failed += report.success ? 0 : Math.max(1, report.numFailedTests);
    count.skipped += report.numPendingTests + report.numTodoTests;
  }
  return count;
}

/**
 * The full titles of the tests that were skipped.
 *
 * @param {readonly (Report | undefined)[]} reports
 * @returns {string[]}
 */
export function skippedTests(reports) {
  return reports
    .flatMap((report) => report?.testResults ?? [])
    .flatMap((file) => file.assertionResults)
    .filter(({ status }) => status !== "passed" && status !== "failed")
    .map(({ fullName }) => fullName);
}

/**
 * The files whose tests took longest, the slowest first.
 *
 * @param {readonly (Report | undefined)[]} reports
 * @param {number} count of files, at most.
 * @returns {{ file: string, seconds: number }[]}
 */
export function slowestFiles(reports, count) {
  return reports
    .flatMap((report) => report?.testResults ?? [])
    .map(({ name, startTime, endTime }) => ({ file: name, seconds: (endTime - startTime) / 1000 }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, count);
}

/**
 * The tasks that nx names at its end as failed.
 *
 * @param {string} output of `nx run-many`, without colours.
 * @returns {string[]} for example `["train:lint", "data:build"]`.
 */
export function failedTasks(output) {
  const heading = "Failed tasks:\n";
  const start = output.lastIndexOf(heading);
  if (start === -1) return [];
  const list = output
    .slice(start + heading.length)
    .trimStart()
    .split("\n");
  const end = list.findIndex((line) => !line.startsWith("- "));
  return list.slice(0, end === -1 ? undefined : end).map((line) => line.slice(2).trim());
}
