/** What only reads may be left to itself when a run is asked to stop: opening a log may mean to read for minutes. */
export async function unlessStopped<T>(
  work: Promise<T>,
  signal: AbortSignal | null,
  /** For a result that comes too late and has to be closed. */
  drop: (result: T) => void = () => undefined,
): Promise<T> {
  if (signal === null) return work;
  let stop: () => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([work, stopped]);
  } catch (error) {
    work.then(drop, () => undefined);
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
