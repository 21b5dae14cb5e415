// Runs in a process of its own: checks that tfjs-node computes with the native TensorFlow, and
// prints its version as the last line. Ends with an error and exit code 1 if it does not.
import util from "node:util";

// tfjs-node 4.22 calls these two functions in nearly every operation; Node 22 warns of them, and
// Node 23 does not have them.
util.isNullOrUndefined = (value) => value === null || value === undefined;
util.isArray = Array.isArray;

process.env.TF_CPP_MIN_LOG_LEVEL ??= "1";
const { default: tf } = await import("@tensorflow/tfjs-node");
await tf.ready();

const backend = tf.getBackend();
if (backend !== "tensorflow") {
  throw new Error(`expected the backend "tensorflow", found "${backend}"`);
}
const a = tf.tensor2d([1, 2, 3, 4], [2, 2]);
const product = [...tf.matMul(a, a).dataSync()];
if (String(product) !== "7,10,15,22") {
  throw new Error(`expected [[1, 2], [3, 4]]² = 7,10,15,22, found ${product}`);
}
const native = /** @type {{ binding: { TF_Version: string } }} */ (
  /** @type {unknown} */ (tf.backend())
);
console.log(native.binding.TF_Version);
