/** How long a person is stored unless another time is chosen, in days. */
export const KEEP_DAYS = 90;
/** The longest time that can be chosen, in days. */
export const MAX_KEEP_DAYS = 3650;
