import { errorCode, FscError, isDiskFull, messageOf, refusalOf } from '../runtime/values/errors.ts';

/** What the system refuses of files, and Node.js of programs, wherever fsc meets it, is no bug; null: it is something else. */
export function systemFault(error: unknown): FscError | null {
  // V8 throws it for nothing else.
  if (error instanceof EvalError) return noPrograms(error);
  const refusal = refusalOf(error);
  if (refusal === null) return null;
  const { path } = error as NodeJS.ErrnoException;
  const what = path === undefined ? 'the system refuses to go on' : `cannot use ${path}`;
  const isRights = refusal === 'rights';
  return new FscError('FSC7028', isRights ? 2 : 3, what, messageOf(error), isRights ? RIGHTS : helpFor(error));
}

function noPrograms(error: EvalError): FscError {
  const help = 'run fsc without --disallow-code-generation-from-strings (NODE_OPTIONS may have it)';
  return new FscError('FSC7029', 2, 'Node.js may not run the programs of the views', error.message, help);
}

const RIGHTS = 'give this user the right to it, or run fsc as the user that it belongs to';

function helpFor(error: unknown): string {
  if (isDiskFull(error)) return 'make room, and run it again';
  const code = errorCode(error);
  return code === 'EMFILE' || code === 'ENFILE'
    ? 'let more files be open (ulimit -n), and run it again'
    : 'look at the disk, and run it again';
}
