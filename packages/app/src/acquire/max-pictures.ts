/** The largest number of pictures of an enrolment. */
export const MAX_PICTURES = 500;
