/** The file in a run folder that remembers every look at the test part, one line of JSON each. */
export const OPENINGS_FILE = "openings.jsonl";
