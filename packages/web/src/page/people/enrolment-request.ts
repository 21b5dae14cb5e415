/** Sends a request about the enrolment, and shows why it failed. */
export type EnrolmentRequest = (method: string, path: string, body?: unknown) => Promise<void>;
