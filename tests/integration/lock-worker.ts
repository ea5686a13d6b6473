/**
 * A process that takes locks as it is told: a line with a folder takes its lock (answers won, lost, or the fault), an empty line frees it (answers
 * freed).
 */
import { createInterface } from 'node:readline';
import { StateFolder } from '../../runtime/engines/state-folder.ts';
import { FscError } from '../../runtime/values/errors.ts';

const held: { folder: StateFolder | null } = { folder: null };

function take(path: string): string {
  try {
    held.folder = StateFolder.open(path);
    return 'won';
  } catch (error) {
    return error instanceof FscError && error.code === 'FSC7114' ? 'lost' : String((error as Error).stack);
  }
}

const answer = (text: string): boolean => process.stdout.write(`${JSON.stringify(text)}\n`);
answer('ready');
for await (const line of createInterface({ input: process.stdin })) {
  if (line === '') {
    held.folder?.close();
    held.folder = null;
    answer('freed');
  } else {
    answer(take(line));
  }
}
