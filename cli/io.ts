import type { Writable } from 'node:stream';

/** What a command may touch of the process, so that tests run the real command line in process. */
export interface Io {
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined };
  readonly stdin: NodeJS.ReadableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborted by Ctrl-C or SIGTERM; commands stop cleanly. */
  readonly signal: AbortSignal;
}

export type OutputFormat = 'human' | 'json';

/** Flags of every command (cli.md). */
export interface GlobalFlags {
  readonly project: string | null;
  readonly profile: string | null;
  readonly format: OutputFormat;
  readonly quiet: boolean;
  readonly frozen: boolean;
}

export function useColor(io: Io): boolean {
  return io.stderr.isTTY === true && io.env['NO_COLOR'] === undefined && io.env['TERM'] !== 'dumb';
}

const ENDS_OF_WAIT = ['drain', 'close', 'error'] as const;

/** Writes and waits while the reader is slow. Throws what the stream failed with, now or earlier; one that was closed, by whichever end, takes nothing, quietly. */
export async function writeOut(stream: Writable, text: string): Promise<void> {
  throwFault(stream);
  if (stream.destroyed) return;
  const isFull = !stream.write(text);
  throwFault(stream); // a file's is known at once
  if (!isFull) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      for (const event of ENDS_OF_WAIT) stream.off(event, done);
      resolve();
    };
    for (const event of ENDS_OF_WAIT) stream.once(event, done);
  });
  throwFault(stream);
}

/** A stream that has failed tells nothing any more: whoever waited for it would wait for ever. That nobody reads on is no fault. */
function throwFault({ errored }: Writable): void {
  if (errored !== null && !isClosedPipe(errored)) throw errored;
}

/** `fsc … | head`: the reader has had enough. */
export function isClosedPipe(error: Error): boolean {
  return 'code' in error && error.code === 'EPIPE';
}

/** Once all that was written is where it goes: what the stream failed with, or null. */
export async function flushed(stream: Writable): Promise<Error | null> {
  if (stream.destroyed || stream.errored !== null) return stream.errored;
  return new Promise((resolve) => stream.write('', (error) => resolve(stream.errored ?? error ?? null)));
}

/** To stderr. That nobody can be told there is no fault of the command. */
export async function writeAside(io: Io, text: string): Promise<void> {
  await writeOut(io.stderr, text).catch(() => undefined);
}

/** Something to know beside the result; nothing with --quiet. Of a warning the text begins so, and what helps is a last line `help: …`. */
export function say(io: Io, flags: GlobalFlags, text: string): void {
  if (flags.quiet) return;
  io.stderr.write(`${flags.format === 'json' ? jsonNote(text) : text}\n`);
}

/** In the shape of a fault. */
function jsonNote(text: string): string {
  const [, warning, message, help = null] = /^(warning: )?(.*?)(?:\nhelp: (.*))?$/s.exec(text) as RegExpExecArray;
  const severity = warning === undefined ? 'note' : 'warning';
  return JSON.stringify({ v: 1, code: null, severity, message, cause: null, help });
}
