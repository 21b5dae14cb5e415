import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { alignCandidates, type NearPlaces, type NearSearch } from "./align-candidates.ts";

/** Address of this module, which the threads run. */
const SCRIPT = import.meta.url;
/** Tells the module that it runs in a thread of this search. */
const TASK = "mien-near-copies";

/** As `alignCandidates`, with the pairs divided among threads. */
export async function alignInThreads(search: NearSearch, threads: number): Promise<NearPlaces[]> {
  const { descriptors } = search;
  const shared: NearSearch = {
    ...search,
    thumbnails: share(search.thumbnails),
    descriptors: { ...descriptors, values: share(descriptors.values) },
  };
  const parts = Array.from({ length: threads }, (_, rest) => ({ of: threads, rest }));
  const found = await Promise.all(parts.map((part) => runThread({ ...shared, part })));
  return found.flat();
}

function runThread(search: NearSearch): Promise<NearPlaces[]> {
  return new Promise((resolve, reject) => {
    const options = { workerData: { task: TASK, search } };
    // In development, tsx compiles this module; a thread does not inherit that.
    const worker = SCRIPT.endsWith(".ts")
      ? new Worker(loader(), { ...options, eval: true })
      : new Worker(new URL(SCRIPT), options);
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`a thread of the search ended with ${code}`)));
  });
}

/** A program that registers tsx and then runs this module. */
function loader(): string {
  const [tsx, script] = [import.meta.resolve("tsx/esm/api"), SCRIPT].map((url) =>
    JSON.stringify(url),
  );
  return `import(${tsx}).then(({ register }) => { register(); return import(${script}); })`;
}

/** Copies values into memory that threads share. */
function share(values: Float32Array): Float32Array {
  const copy = new Float32Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}

const given = workerData as { readonly task?: unknown; readonly search?: NearSearch } | null;
if (!isMainThread && given?.task === TASK && given.search !== undefined) {
  parentPort?.postMessage(alignCandidates(given.search));
}
