/**
 * How somebody's uploads are getting on, for his sockets. Whoever assembles the API provides it, globally: notifications
 * knows nothing of uploads.
 */
export abstract class LiveUploads {
  /** Shows each news of each upload, until the answered function is called. */
  abstract watch(ownerId: string, show: (progress: object) => void): () => void;
}
