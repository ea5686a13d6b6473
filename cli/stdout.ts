/** Standard output of the process, so that what could not be written is known before the process ends. */
import { fstatSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { isatty } from 'node:tty';

/** Commands that are run for what they find, whoever reads what they say of it. */
const VERDICTS: ReadonlySet<string> = new Set(['check', 'compile', 'test', 'verify']);

/** Whether the exit code tells more than that the rows were written: then it is waited for, though nobody reads on. */
export function hasVerdict(args: readonly string[]): boolean {
  const isRun = args.includes('run') && !args.some((arg) => arg === '--out' || arg.startsWith('--out='));
  return isRun || args.some((arg) => VERDICTS.has(arg));
}

type Done = (error?: Error | null) => void;

export function openStdout(): Writable {
  return new Writable({ write: isFile() ? toFile : toStream() });
}

function isFile(): boolean {
  const stat = fstatSync(1);
  return stat.isFile() || stat.isBlockDevice() || (stat.isCharacterDevice() && !isatty(1));
}

/** Node's own stream for files takes a part that was written, as on a disk that is full, for the whole. */
function toFile(chunk: Buffer, _encoding: string, done: Done): void {
  try {
    for (let at = 0; at < chunk.length; ) at += writeSync(1, chunk, at);
    done();
  } catch (error) {
    done(error as Error);
  }
}

/** A pipe, a socket, a terminal. Node's own streams forget that they failed. */
function toStream(): (chunk: Buffer, encoding: string, done: Done) => void {
  process.stdout.on('error', () => {}); // `done` is told
  return (chunk, _encoding, done) => void process.stdout.write(chunk, done);
}
