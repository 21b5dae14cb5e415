/** How long an enrolled person is stored by default, in days. */
export const KEEP_DAYS = 90;
/** The longest time for which a person can be stored, in days. */
export const MAX_KEEP_DAYS = 3650;
