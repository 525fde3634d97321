/**
 * Opens something with the first question for it, once for all who ask. What failed is forgotten,
 * so that the next question tries anew: a disk or a network may be back by then.
 */
export function once<Result>(open: () => Promise<Result>): () => Promise<Result> {
  let opening: Promise<Result> | undefined;
  return () => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
}
