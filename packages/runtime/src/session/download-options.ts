/** How models are downloaded. */
export interface DownloadOptions {
  /** Is called when data of a model arrive, and at the end of its download. */
  readonly onDownload?: ((progress: DownloadProgress) => void) | undefined;
  /**
   * Browser only: the name of the cache (Cache API) that keeps downloaded models, also without a
   * network; false keeps none. Default `mien-models`. A model is downloaded again if its size, date or
   * ETag on the server has changed. Pages without HTTPS have no cache, except on localhost.
   */
  readonly modelCache?: string | false | undefined;
}

/** How far the download of a model is. */
export interface DownloadProgress {
  /** Address of the model, as it was given. */
  readonly address: string;
  /** Bytes so far. */
  readonly loaded: number;
  /** Bytes of the whole model; null while the size is unknown, as of a compressed download. */
  readonly total: number | null;
}
