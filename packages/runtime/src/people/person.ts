/** An enrolled person. */
export interface Person {
  readonly name: string;
  /** Time of the first enrolment: ISO 8601. */
  readonly enrolled: string;
  /** The features of each enrolled picture, from one recogniser. */
  readonly features: readonly Float32Array[];
}
