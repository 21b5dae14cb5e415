/** The content of a file: bytes, or a `File` or `Blob` of a browser. */
export type FileContent =
  Uint8Array | ArrayBuffer | { readonly arrayBuffer: () => Promise<ArrayBuffer> };

/** The files of a saved model. */
export interface ModelFiles {
  /** By their names, as `model.json` states them. */
  readonly files: Readonly<Record<string, FileContent>>;
  /** Name of the JSON file; default: the only one, else `model.json`. */
  readonly json?: string;
}

/** What a handler of `tf.io` loads; a part of tfjs' type of the same name. */
export interface ModelArtifacts {
  readonly modelTopology?: object;
  readonly weightSpecs?: readonly object[];
  readonly weightData?: ArrayBuffer | readonly ArrayBuffer[];
  readonly format?: string;
  readonly generatedBy?: string;
  readonly convertedBy?: string | null;
}

/** A handler of `tf.io`, such as `tf.io.browserFiles(files)` or `tf.io.http(address)`. */
export interface LoadHandler {
  readonly load?: () => Promise<ModelArtifacts> | ModelArtifacts;
}

/** The handler that a model in memory is saved with. */
export interface SaveHandler {
  save(artifacts: ModelArtifacts): Promise<{
    modelArtifactsInfo: { dateSaved: Date; modelTopologyType: "JSON" };
  }>;
}

/** A model in memory, such as a `tf.LayersModel`. */
export interface SavableModel {
  save(handler: SaveHandler): Promise<unknown>;
}

/** Where a LayersModel comes from, apart from folders and addresses. */
export type ModelSource = ModelFiles | ModelArtifacts | LoadHandler | SavableModel;

/** Whether a value has one of the properties by which the sources are told apart. */
export function isSource(value: object): boolean {
  return ["files", "modelTopology", "load", "save"].some((name) => name in value);
}
