import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundled, start } from './process.ts';

const folder = mkdtempSync(join(tmpdir(), 'fsc feed '));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Ends while it answers DuckDB. */
async function endOf(how: string) {
  const { ended } = start(process.execPath, [await bundled('feed-worker.ts'), how, folder], folder);
  return ended;
}

describe('a process that ends while DuckDB asks it for rows', () => {
  it('ends with its code once the statement was let go', async () => {
    expect(await endOf('announced')).toMatchObject({ code: 7, signal: null, out: 'let go\n', err: '' });
  }, 60_000);

  it('ends at once where nobody has announced it', async () => {
    expect(await endOf('hard')).toMatchObject({ code: null, signal: 'SIGKILL', out: '', err: '' });
  }, 60_000);
});
