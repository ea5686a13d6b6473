/** Where results go: a device that takes nothing, and a reader that goes away. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { random } from '../state/plans.ts';
import { type Ended, fsc, MAIN, start } from './process.ts';
import { FEATURES, folderWith, randomLines, removeFolders, textOf } from './project.ts';

afterAll(removeFolders, 60_000);

const CONFIG = '{ "sources": { "tx": { "history": "tx.jsonl" } }, "clock": "events" }';
const lines = randomLines(random(1), 20_000, 10_000, 300);
const SET = ['--labels', 'labels.csv', '--view', 'card_v1', '--allow-open', '--ties', 'include'];
const COMMANDS: readonly (readonly string[])[] = [
  ['get', 'card_v1', 'card=c1'],
  ['get', 'card_v1', '--all', '--format', 'json'],
  ['query', 'SELECT 1'],
  ['query', 'SELECT * FROM tx', '--format', 'json'],
  ['query', 'SELECT * FROM tx'],
  ['dataset', ...SET, '--out', '-'],
  ['run', '--mode', 'batch', '--view', 'card_v1', '--as-of', '2024-01-03', '--out', '-'],
  ['verify', '--as-of', '2024-01-01T12:00'],
  ['check', '--format', 'json'],
  ['explain', 'card_v1'],
  ['quarantine', 'list'],
  ['--help'],
];

let root: string;
beforeAll(async () => {
  const labels = Array.from(
    { length: 20_000 },
    (_, i) => `c${i % 300},2024-01-02T00:00:${String(i % 60).padStart(2, '0')}Z\n`,
  );
  root = folderWith({
    ...FEATURES,
    'fsc.json': CONFIG,
    'tx.jsonl': textOf(lines),
    'labels.csv': `card,as_of\n${labels.join('')}`,
  });
  expect((await fsc(root, ['run', '--mode', 'batch', '--as-of', '2024-01-02', '--quiet']).ended).code).toBe(0);
}, 120_000);

const sh = (script: string, args: readonly string[]): Promise<Ended> =>
  start('bash', ['-c', script, process.execPath, MAIN, ...args, '--quiet'], root).ended;

describe.each(COMMANDS.map((args) => ({ args, text: args.join(' ') })))('fsc $text', ({ args }) => {
  it.skipIf(!existsSync('/dev/full'))(
    'tells that nothing could be written: exit 3',
    async () => {
      const { code, out, err } = await sh('exec "$0" "$@" > /dev/full', args);
      expect([code, out, err]).toEqual([3, '', expect.stringMatching(/cannot write to stdout/)]);
      expect(err.match(/FSC\d+/g)).toEqual(['FSC7010']);
    },
    60_000,
  );

  it('ends quietly when its reader has gone', async () => {
    const { out, err } = await sh('"$0" "$@" | true; echo "$PIPESTATUS"', args);
    expect([out, err]).toEqual(['0\n', '']);
  }, 60_000);

  it('does not need anybody who reads what it tells besides', async () => {
    const { code, out } = await sh('exec "$0" "$@" 2> /dev/full', args);
    expect([code, out.length > 0]).toEqual([0, true]);
  }, 60_000);
});

describe('a verdict', () => {
  const gone = async (files: Readonly<Record<string, string>>, args: readonly string[]): Promise<string> => {
    const folder = folderWith({ ...FEATURES, 'fsc.json': CONFIG, 'tx.jsonl': textOf(lines), ...files });
    const script = '"$0" "$@" | true; echo "$PIPESTATUS"';
    return (await start('bash', ['-c', script, process.execPath, MAIN, ...args, '--format', 'json'], folder).ended).out;
  };

  it('is that of the command, also when its reader has gone', async () => {
    expect(await gone({ 'features/bad/v1.sql': 'SELECT nothing FROM tx' }, ['check'])).toBe('1\n');
    expect(await gone({ 'tx.jsonl': '{}\n' }, ['run', '--mode', 'stream', '--max-quarantined', '0'])).toBe('1\n');
    expect(await gone({}, ['run', '--mode', 'stream'])).toBe('0\n');
  }, 60_000);
});

describe('a terminal whose folder is gone', () => {
  it('is told so: exit 2', async () => {
    const script = 'mkdir gone && cd gone && rmdir "$PWD" && exec "$0" "$@"';
    const { code, err } = await start('bash', ['-c', script, process.execPath, MAIN, 'check'], root).ended;
    expect([code, err]).toEqual([2, expect.stringMatching(/^error\[FSC7002\]: the folder of this terminal is gone/)]);
    expect(err).not.toContain(' at ');
  }, 60_000);
});
