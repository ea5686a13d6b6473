// A process that takes locks as it is told: a line with a folder takes its lock (answers won, lost, or the fault), an empty line frees it (answers
// freed). Uses the built package (FSC_DIST or dist/): node lock-worker.mjs
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const dist = process.env.FSC_DIST ?? join(import.meta.dirname, '..', '..', 'dist');
const { StateFolder } = await import(pathToFileURL(join(dist, 'runtime/engines/state-folder.js')).href);
const answer = (text) => process.stdout.write(`${JSON.stringify(text)}\n`);

function take(path) {
  try {
    return { folder: StateFolder.open(path), told: 'won' };
  } catch (error) {
    return { folder: null, told: error.code === 'FSC7114' ? 'lost' : String(error.stack) };
  }
}

let held = null;
answer('ready');
for await (const line of createInterface({ input: process.stdin })) {
  if (line === '') {
    held?.close();
    held = null;
    answer('freed');
    continue;
  }
  const { folder, told } = take(line);
  held = folder;
  answer(told);
}
