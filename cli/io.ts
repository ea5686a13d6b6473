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

/** Writes and waits while the reader is slow; a closed pipe (`| head`) ends the command quietly. */
export async function writeOut(stream: Writable, text: string): Promise<void> {
  if (stream.write(text)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      for (const event of ENDS_OF_WAIT) stream.off(event, done);
      resolve();
    };
    for (const event of ENDS_OF_WAIT) stream.once(event, done);
  });
}

/** A line for people; nothing with --quiet. */
export function say(io: Io, flags: GlobalFlags, text: string): void {
  if (!flags.quiet) io.stderr.write(`${text}\n`);
}
