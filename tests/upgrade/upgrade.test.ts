/**
 * What an earlier fsc left is taken on. `left/` is a project as commit b14d65d left it: a run over the history and half of `live.jsonl` that ended by
 * itself, and one over the other half that was killed, so that there are a snapshot, a journal, an archive, a quarantine and online rows. Its compiled
 * files are not kept: an upgrade compiles anew. Whoever changes a format keeps reading these, or says why not with a version and an error.
 */
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { cli } from '../cli/in-process.ts';

const LEFT = join(import.meta.dirname, 'left');
const PACKED = ['.fsc/state/tx.snapshot', '.fsc/online/data.mdb'];
const CARDS = Array.from({ length: 9 }, (_, i) => `c${i}`);
const made: string[] = [];
afterAll(() => {
  for (const root of made) rmSync(root, { recursive: true, force: true });
});

function copy(): string {
  const root = mkdtempSync(join(tmpdir(), 'fsc-upgrade-'));
  made.push(root);
  cpSync(LEFT, root, { recursive: true });
  return root;
}

/** As the earlier version left it. */
function left(): string {
  const root = copy();
  renameSync(join(root, 'dot-fsc'), join(root, '.fsc'));
  for (const path of PACKED) {
    writeFileSync(join(root, path), gunzipSync(readFileSync(join(root, `${path}.gz`))));
    rmSync(join(root, `${path}.gz`));
  }
  return root;
}

/** With what this version makes of the same records. */
async function fresh(files: readonly string[]): Promise<string> {
  const root = copy();
  rmSync(join(root, 'dot-fsc'), { recursive: true });
  await run(root, files);
  return root;
}

async function ok(root: string, args: readonly string[], stdin = ''): Promise<string> {
  const { code, out, err } = await cli([...args, '--quiet'], { cwd: root, stdin });
  expect([args.join(' '), code, err]).toEqual([args.join(' '), 0, '']);
  return out;
}

const run = (root: string, files: readonly string[]): Promise<string> =>
  ok(root, ['run', '--mode', 'stream'], files.map((name) => readFileSync(join(LEFT, name), 'utf8')).join(''));

async function online(root: string): Promise<string[]> {
  const told: string[] = [];
  for (const view of ['card_v1', 'last_v1'])
    for (const card of CARDS) told.push(await ok(root, ['get', view, `card=${card}`, '--format', 'json']));
  return told;
}

async function offline(root: string): Promise<{ rows: string[]; records: string; refused: string[] }> {
  const set = ['dataset', '--labels', 'labels.csv', '--view', 'card_v1', '--out', '-', '--allow-open'];
  const rows = (await ok(root, set)).trim().split('\n').sort();
  const records = await ok(root, ['query', 'SELECT id, card, amount FROM tx ORDER BY ALL', '--format', 'json']);
  const quarantine = await ok(root, ['quarantine', 'list', '--format', 'json']);
  return { rows, records, refused: quarantine.match(/"id":"[^"]*","verdict":"\w+"/g) ?? [] };
}

describe('what an earlier version left', () => {
  it('answers lookups as it is, goes on where it was killed, and agrees with what this version makes of all', async () => {
    const root = left();
    const before = await fresh(['live.jsonl']);
    expect(await online(root)).toEqual(await online(before));
    await run(root, ['later.jsonl']);
    const all = await fresh(['live.jsonl', 'later.jsonl']);
    expect(await online(root)).toEqual(await online(all));
    const told = await offline(root);
    expect([told.rows.length, told.records.length > 4000, told.refused.length]).toEqual([9, true, 35]);
    expect(told).toEqual(await offline(all));
    for (const line of (await ok(root, ['verify', '--format', 'json'])).trim().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ entities: 9, differed: 0, notOnline: 0 });
  });
});
