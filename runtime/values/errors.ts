/** Exit codes of cli.md. */
export type ExitCode = 1 | 2 | 3 | 70;

/**
 * A user's or an outside system's fault at run time: told without a stack trace. `code` is FSC7xxx and stands in `error-codes.ts` of the
 * folder that throws it. Anything else that is thrown is our bug (exit 70).
 */
export class FscError extends Error {
  readonly code: string;
  readonly exitCode: ExitCode;
  /** The fact that it rests on, one line; null if the message says it all. */
  readonly why: string | null;
  /** The edit or command to make. */
  readonly help: string | null;

  constructor(code: string, exitCode: ExitCode, message: string, why: string | null, help: string | null) {
    super(message);
    this.name = 'FscError';
    this.code = code;
    this.exitCode = exitCode;
    this.why = why;
    this.help = help;
  }
}

/** Of a fault of the operating system, such as ENOENT; null: it has none. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Of the whole disk, or of what its user may use. */
export function isDiskFull(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** The same in the words of a library, which has no code of the system's. */
export function saysDiskFull(words: string): boolean {
  return /no space left|disk full|quota exceeded|ENOSPC|EDQUOT/i.test(words);
}

const RIGHTS: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG']);
const PASSING: ReadonlySet<string> = new Set([
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOSPC',
  'EDQUOT',
  'ESTALE',
  'EBUSY',
  'ENXIO',
  'ENODEV',
]);

/** Why the system refuses a file: for the rights of this user or what stands there, or for a disk or limit, which may pass. null: it is something else. */
export function refusalOf(error: unknown): 'rights' | 'passing' | null {
  const code = errorCode(error);
  if (code === null || (error as NodeJS.ErrnoException).syscall === undefined) return null;
  return RIGHTS.has(code) ? 'rights' : PASSING.has(code) ? 'passing' : null;
}

/** Ends exhaustive switches. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
