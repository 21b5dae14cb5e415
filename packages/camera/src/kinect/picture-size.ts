/** Size of every picture of a Kinect in pixels. */
export const WIDTH = 640;
export const HEIGHT = 480;

/** Size of a picture of raw depth in bytes: uint16 [HEIGHT, WIDTH]. */
export const DEPTH_BYTES = WIDTH * HEIGHT * 2;
/** Size of a colour picture in bytes: RGB, uint8 [HEIGHT, WIDTH, 3]. */
export const COLOUR_BYTES = WIDTH * HEIGHT * 3;
