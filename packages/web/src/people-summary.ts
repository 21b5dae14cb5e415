/** An enrolled person in the answer of `/api/people`. */
export interface PersonSummary {
  readonly name: string;
  /** When the person was enrolled; ISO 8601. */
  readonly enrolled: string;
  readonly pictures: number;
  /** When the person is deleted automatically; ISO 8601. Null: never. */
  readonly keepUntil: string | null;
}

/** The answer of `/api/people/NAME/pictures`. */
export interface PersonPictures {
  /** The names of the files, which `/api/people/NAME/pictures/FILE` answers. */
  readonly files: readonly string[];
}

/** The answer of `/api/people`. */
export interface PeopleSummary {
  /** The folder in which they are stored. */
  readonly folder: string;
  readonly people: readonly PersonSummary[];
  /**
   * Estimated error rates, 0–1; null if they are not known. `falseAccept`: the share of strangers who
   * are recognised as an enrolled person.
   */
  readonly falseAccept: number | null;
  /** The share of pictures of enrolled people that are not recognised. */
  readonly falseReject: number | null;
}
