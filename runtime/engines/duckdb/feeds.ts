/**
 * Statements that ask this thread for their rows (record-feed.ts): DuckDB waits for an answer in a thread of its own, and a process that ends
 * waits for that thread, for ever. So whoever ends it lets go of them first. Loads nothing.
 */
export interface Feed {
  /** The statement that reads it just now fails; resolves when it has. */
  readonly end: () => Promise<void>;
}

const LONGEST_MS = 500;
const reading = new Set<Feed>();

/** Runs what reads the feed. */
export async function whileRead(feed: Feed, statement: () => Promise<void>): Promise<void> {
  if (reading.size === 0) process.once('exit', endHard);
  reading.add(feed);
  try {
    await statement();
  } finally {
    reading.delete(feed);
    if (reading.size === 0) process.off('exit', endHard);
  }
}

/** Of an end that nobody has announced, after an error that nobody has caught: better another exit code than none ever. */
function endHard(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** Before `process.exit` where statements may be running. */
export async function endFeeds(): Promise<void> {
  const ended = Promise.all([...reading].map((feed) => feed.end()));
  await Promise.race([ended, new Promise((done) => setTimeout(done, LONGEST_MS))]);
}
