import { FscError, messageOf } from '../runtime/values/errors.ts';

/** Throws where it was removed under the shell. */
export function workingFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    const help = 'cd to a folder that is there, and run it again';
    throw new FscError('FSC7002', 2, 'the folder of this terminal is gone', messageOf(error), help);
  }
}
