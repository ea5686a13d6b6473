import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { lockFolder } from '../../runtime/log/lock.ts';
import { cli, jsonLines, project, put } from './in-process.ts';

const SOURCE = `-- @event_time paid_at
-- @lateness 10 minutes
CREATE TABLE tx (
  id bigint NOT NULL PRIMARY KEY,
  paid_at timestamp NOT NULL,
  card text NOT NULL,
  amount decimal(12,2) CHECK (amount > 0)
);
`;
const VIEW = `SELECT card,
  count(*) AS n,
  count(*) FILTER (WHERE paid_at > now() - INTERVAL '1 hour') AS n_1h,
  sum(amount) FILTER (WHERE paid_at > now() - INTERVAL '1 day') AS amount_1d
FROM tx GROUP BY card
`;
const FILES = {
  'fsc.json': '{ "sources": { "tx": { "stream": "tx.jsonl" } }, "clock": "events" }',
  'features/sources/tx.sql': SOURCE,
  'features/card/v1.sql': VIEW,
};

let made: ReturnType<typeof project>[] = [];
afterEach(() => {
  for (const one of made) one.remove();
  made = [];
});

function make(files: Readonly<Record<string, string>>): string {
  const one = project(files);
  made.push(one);
  return one.root;
}

const tx = (id: number, minute: number, card: string, amount: string | number): string =>
  `{"id": ${id}, "paid_at": "${new Date(Date.UTC(2024, 0, 1) + minute * 60_000).toISOString()}", "card": "${card}", "amount": ${amount}}\n`;

const run = (root: string, ...args: string[]) =>
  cli(['run', '--mode', 'stream', '--format', 'json', ...args], { cwd: root });

async function row(root: string, card: string, asOf?: string): Promise<unknown> {
  const at = asOf === undefined ? [] : ['--as-of', asOf];
  const { code, out, err } = await cli(['get', 'card_v1', `card=${card}`, '--format', 'json', ...at], { cwd: root });
  expect(code, err).toBe(0);
  return jsonLines(out)[0];
}

describe('fsc run', () => {
  it('counts every record, and read = accepted + duplicate + late + quarantined', async () => {
    const lines =
      tx(1, 0, 'a', '5.00') +
      tx(1, 0, 'a', '5.00') +
      tx(2, 60, 'b', '1.10') +
      tx(3, 20, 'a', '2') +
      '{broken\n' +
      tx(4, 61, 'a', '-1') +
      '{"id": 5, "paid_at": "1969-01-01", "card": "a"}\n{"id": 6, "card": "a"}\n{"id": 7, "paid_at": "2024-01-01 01:02", "card": "a", "more": 1}\n';
    const root = make({ ...FILES, 'tx.jsonl': lines });
    const { code, out } = await run(root);
    expect(code).toBe(0);
    expect(jsonLines(out)).toEqual([
      {
        mode: 'stream',
        views: ['card_v1'],
        events: { read: 9, accepted: 3, duplicate: 1, late: 1, quarantined: 4 },
        skipped: 0,
        unknownFields: 1,
        quarantine: { malformed: 2, constraint: 1, range: 1 },
        expressionErrors: 0,
        expressionErrorsByColumn: {},
        rows: 2,
        seconds: expect.any(Number),
      },
    ]);
    expect(await row(root, 'a')).toEqual({ card: 'a', n: 2, n_1h: 1, amount_1d: 5 });
  });

  it('tells of a history that its state never read', async () => {
    const config = '{ "sources": { "tx": { "history": "tx.jsonl" } }, "clock": "events" }';
    const root = make({ ...FILES, 'fsc.json': config, 'tx.jsonl': tx(1, 10, 'a', '2') });
    const told = async (args: readonly string[], stdin = '') =>
      (await cli(['run', '--mode', 'stream', ...args], { cwd: root, stdin })).err.includes(
        'warning: the history of tx is not in the online rows: their state began with a stream\nhelp: ',
      );
    expect(await told(['--source', 'tx=-'], tx(2, 20, 'b', '3'))).toBe(false);
    expect(await told([])).toBe(true);
    expect(await row(root, 'a')).toBe(null);
    expect(await told(['--rebuild'])).toBe(false);
    expect(await row(root, 'a')).toMatchObject({ card: 'a' });
    expect(await told([])).toBe(false);
  });

  it('tells of a history that its state has read and nobody names any more', async () => {
    const config = (history: string) => `{ "sources": { "tx": { ${history}"stream": "-" } }, "clock": "events" }`;
    const whole = config('"history": "tx.jsonl", ');
    const root = make({ ...FILES, 'fsc.json': whole, 'tx.jsonl': tx(1, 10, 'a', '2') });
    const told = async (args: readonly string[] = [], stdin = '') =>
      (await cli(['run', '--mode', 'stream', ...args], { cwd: root, stdin })).err.includes(
        'warning: the online rows have a history of tx that fsc.json no longer names: batch and training sets are without it\nhelp: put "history" back in fsc.json, or',
      );
    expect(await told([], tx(2, 20, 'b', '3'))).toBe(false);
    expect(await told(['--source', 'tx=-'], tx(3, 21, 'b', '3'))).toBe(false);
    put(root, 'fsc.json', config(''));
    expect(await told()).toBe(true);
    expect((await cli(['verify'], { cwd: root })).err).toContain('FSC7026');
    put(root, 'fsc.json', whole);
    expect(await told()).toBe(false);
    put(root, 'fsc.json', config(''));
    expect(await told(['--rebuild'])).toBe(false);
    expect([await row(root, 'a'), await row(root, 'b')]).toMatchObject([null, { n: 2 }]);
    expect((await cli(['verify'], { cwd: root })).code).toBe(0);
    expect(await told()).toBe(false);
  });

  it('tells of files of a stream that its state has read and nobody names any more', async () => {
    const config = (stream: string) =>
      `{ "sources": { "tx": { "history": "old.jsonl"${stream} } }, "clock": "events" }`;
    const whole = config(', "stream": "new-*.jsonl"');
    const root = make({
      ...FILES,
      'fsc.json': whole,
      'old.jsonl': tx(1, 10, 'a', '2'),
      'new-1.jsonl': tx(2, 20, 'b', '3'),
    });
    const told = async (...args: readonly string[]) =>
      (await cli(['run', '--mode', 'stream', ...args], { cwd: root })).err.includes(
        'warning: the online rows have a stream of tx (new-1.jsonl) that fsc.json no longer names: batch and training sets are without it\nhelp: put "stream" back in fsc.json, or',
      );
    expect(await told('--until-end')).toBe(false);
    for (const stream of ['', ', "stream": "-"']) {
      put(root, 'fsc.json', config(stream));
      expect(await told()).toBe(true);
    }
    put(root, 'fsc.json', whole);
    expect(await told('--until-end')).toBe(false);
    put(root, 'fsc.json', config(''));
    expect(await told('--rebuild')).toBe(false);
    expect([await row(root, 'a'), await row(root, 'b')]).toMatchObject([{ n: 1 }, null]);
    expect(await told()).toBe(false);
  });

  it('tells each view and column of its own expression errors, though views share what is computed', async () => {
    const byZero = '1.0 / (amount - 5)';
    const root = make({
      ...FILES,
      'features/a/v1.sql': 'SELECT card, count(*) AS n, sum(amount) AS s FROM tx GROUP BY card',
      'features/f/v1.sql': `SELECT card, count(*) FILTER (WHERE 7.0 / (amount - 5) > 0) AS f, sum(10 * ${byZero} - 1) AS q FROM tx GROUP BY card`,
      'features/h/v1.sql': `SELECT card, count(*) AS n FROM tx GROUP BY card HAVING max(2 * ${byZero}) > 0`,
      'features/w/v1.sql': `SELECT card, count(*) AS n FROM tx WHERE ${byZero} > 0 GROUP BY card`,
      'features/k/v1.sql':
        'SELECT CAST(card AS integer) AS num, count(*) AS n FROM tx WHERE card IS NOT NULL AND CAST(card AS integer) IS NOT NULL GROUP BY CAST(card AS integer)',
      'features/r/v1.sql': `SELECT card, id, sum(${byZero}) OVER (PARTITION BY card ORDER BY paid_at, id ROWS 3 PRECEDING) AS o FROM tx`,
      'tx.jsonl': tx(1, 0, '7', 5) + tx(2, 1, '7', 6) + tx(3, 2, 'x', 5),
    });
    const { code, out, err } = await run(root);
    expect(code, err).toBe(0);
    expect(jsonLines(out)[0]?.['expressionErrors']).toBe(11);
    expect(jsonLines(out)[0]?.['expressionErrorsByColumn']).toEqual({
      'f_v1.f': 2,
      'f_v1.q': 2,
      'h_v1.HAVING': 2,
      'k_v1.WHERE': 1,
      'r_v1.o': 2,
      'w_v1.WHERE': 2,
    });
  });

  it('goes on where it stopped, reads nothing twice, and takes in what a file gained', async () => {
    const root = make({ ...FILES, 'tx.jsonl': tx(1, 0, 'a', '5.00') });
    await run(root);
    appendFileSync(join(root, 'tx.jsonl'), tx(2, 1, 'a', '0.50'));
    expect(jsonLines((await run(root)).out)[0]).toMatchObject({ events: { read: 1, accepted: 1 }, rows: 1 });
    expect(jsonLines((await run(root)).out)[0]).toMatchObject({ events: { read: 0 }, rows: 0 });
    expect(await row(root, 'a')).toEqual({ card: 'a', n: 2, n_1h: 2, amount_1d: 5.5 });
  });

  it('stops where a consumed file changed, and loses nothing', async () => {
    const root = make({ ...FILES, 'tx.jsonl': tx(1, 0, 'a', '5.00') + tx(2, 1, 'a', '1.00') });
    await run(root);
    put(root, 'tx.jsonl', tx(1, 0, 'a', '6.00') + tx(2, 1, 'a', '1.00') + tx(3, 2, 'a', '1.00'));
    const { code, err } = await run(root);
    expect(code).toBe(1);
    expect(err).toContain('FSC7104');
    expect(await row(root, 'a')).toEqual({ card: 'a', n: 2, n_1h: 2, amount_1d: 6 });
  });

  it('batch to online stops before the first later event, and a stream run goes on from there', async () => {
    const root = make({
      ...FILES,
      'tx.jsonl': tx(1, 0, 'a', '5.00') + tx(2, 30, 'a', '1.00') + tx(3, 90, 'a', '1.00'),
    });
    const batch = await cli(['run', '--mode', 'batch', '--as-of', '2024-01-01 00:30', '--format', 'json'], {
      cwd: root,
    });
    expect(batch.code, batch.err).toBe(0);
    expect(jsonLines(batch.out)[0]).toMatchObject({ mode: 'batch', events: { read: 2, accepted: 2 } });
    expect(await row(root, 'a', '2024-01-01 01:00')).toEqual({ card: 'a', n: 2, n_1h: 1, amount_1d: 6 });
    const past = await cli(['run', '--mode', 'batch', '--as-of', '2024-01-01'], { cwd: root });
    expect(past.code).toBe(1);
    expect(past.err).toContain('FSC7301');
    expect(jsonLines((await run(root)).out)[0]).toMatchObject({ events: { read: 1 } });
    expect(await row(root, 'a')).toEqual({ card: 'a', n: 3, n_1h: 1, amount_1d: 7 });
  });

  it('takes stdin as one partition for the life of the state, after the history of files', async () => {
    const root = make({
      ...FILES,
      'fsc.json': '{ "sources": { "tx": { "history": "tx.jsonl", "stream": "-" } }, "clock": "events" }',
      'tx.jsonl': tx(1, 0, 'a', '5.00'),
    });
    const first = await cli(['run', '--mode', 'stream', '--format', 'json'], {
      cwd: root,
      stdin: tx(2, 1, 'a', '1') + tx(1, 0, 'a', '5.00'),
    });
    expect(jsonLines(first.out)[0], first.err).toMatchObject({ events: { read: 3, accepted: 2, duplicate: 1 } });
    const second = await cli(['run', '--mode', 'stream', '--format', 'json'], { cwd: root, stdin: tx(3, 2, 'b', '1') });
    expect(jsonLines(second.out)[0], second.err).toMatchObject({ events: { read: 1, accepted: 1 } });
    expect(await row(root, 'a')).toEqual({ card: 'a', n: 2, n_1h: 2, amount_1d: 6 });
    const { out } = await cli(['get', 'card_v1', 'card=b', '--meta', '--format', 'json'], { cwd: root });
    expect(jsonLines(out)[0]).toMatchObject({ exact: true });
    const archived = readdirSync(join(root, '.fsc/archive/tx')).filter((name) => name.endsWith('.parquet'));
    expect(archived.sort()).toEqual([
      expect.stringMatching(/^-\.0-2\.[0-9a-f]{8}\.parquet$/),
      expect.stringMatching(/^-\.2-3\.[0-9a-f]{8}\.parquet$/),
    ]);
  });

  it('--source reads elsewhere: nothing is backfilled, state and offsets go on', async () => {
    const root = make({
      ...FILES,
      'fsc.json': '{ "sources": { "tx": { "history": "tx.jsonl" } }, "clock": "events" }',
      'tx.jsonl': tx(1, 0, 'a', '5.00'),
    });
    await run(root);
    const more = await cli(['run', '--mode', 'stream', '--source', 'tx=-', '--format', 'json'], {
      cwd: root,
      stdin: tx(2, 1, 'a', '1.00'),
    });
    expect(jsonLines(more.out)[0], more.err).toMatchObject({ events: { read: 1, accepted: 1 } });
    expect(await row(root, 'a')).toEqual({ card: 'a', n: 2, n_1h: 2, amount_1d: 6 });
    // And a run over the history alone finds nothing new.
    expect(jsonLines((await run(root)).out)[0]).toMatchObject({ events: { read: 0 } });
    expect(await row(root, 'a')).toEqual({ card: 'a', n: 2, n_1h: 2, amount_1d: 6 });
  });

  it('builds a new view from history and archive beside the others', async () => {
    const root = make({
      ...FILES,
      'fsc.json': '{ "sources": { "tx": { "history": "tx.jsonl", "stream": "-" } }, "clock": "events" }',
      'tx.jsonl': Array.from({ length: 50 }, (_, i) => tx(i, i, i % 2 === 0 ? 'a' : 'b', '1.00')).join(''),
    });
    const stdin = Array.from({ length: 40 }, (_, i) => tx(50 + i, 50 + i - (i % 3), 'a', '2.00')).join('');
    await cli(['run', '--mode', 'stream'], { cwd: root, stdin });
    put(
      root,
      'features/card/v2.sql',
      VIEW.replace("INTERVAL '1 hour'", "INTERVAL '5 minutes'").replace(
        'count(*) AS n,',
        'count(*) AS n, max(amount) AS most,',
      ),
    );
    put(
      root,
      'features/last/v1.sql',
      'SELECT card, id, sum(amount) OVER (PARTITION BY card ORDER BY paid_at, id ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS last4 FROM tx\n',
    );
    const again = await cli(['run', '--mode', 'stream', '--format', 'json'], {
      cwd: root,
      stdin: tx(90, 90, 'a', '3.00'),
    });
    expect(jsonLines(again.out)[0], again.err).toMatchObject({ events: { read: 1 } });
    const get = async (view: string) =>
      jsonLines((await cli(['get', view, 'card=a', '--format', 'json'], { cwd: root })).out)[0];
    expect(await get('card_v2')).toEqual({ card: 'a', n: 66, most: 3, n_1h: 5, amount_1d: 108 });
    expect(await get('last_v1')).toEqual({ card: 'a', id: 90, last4: 9 });
    expect(await get('card_v1')).toEqual({ card: 'a', n: 66, n_1h: 50, amount_1d: 108 });
  });

  it('stops with exit 2 where the source changed, and --rebuild makes everything anew from history, archive and journal', async () => {
    const root = make({
      ...FILES,
      'fsc.json': '{ "sources": { "tx": { "history": "tx.jsonl", "stream": "-" } }, "clock": "events" }',
      'tx.jsonl': tx(1, 0, 'a', '5.00'),
    });
    await cli(['run', '--mode', 'stream'], { cwd: root, stdin: tx(2, 1, 'a', '1.00') + tx(3, 2, 'a', '1500.00') });
    const stricter = SOURCE.replace('CHECK (amount > 0)', 'CHECK (amount > 0 AND amount < 1000)');
    for (const changed of [
      stricter.replace('decimal(12,2)', 'decimal(14,2)'),
      stricter.replace('PRIMARY KEY', '').replace('\n)', ',\n  PRIMARY KEY (id, card)\n)'),
      stricter.replace('card text', "card text DEFAULT 'x'"),
    ]) {
      put(root, 'features/sources/tx.sql', changed);
      const stale = await cli(['run', '--mode', 'stream'], { cwd: root });
      expect([stale.code, stale.err]).toEqual([2, expect.stringMatching(/FSC7302[\s\S]*--rebuild/)]);
    }
    put(root, 'features/sources/tx.sql', stricter);
    const rebuilt = await cli(['run', '--mode', 'stream', '--rebuild', '--format', 'json'], {
      cwd: root,
      stdin: tx(4, 3, 'a', '2.00'),
    });
    expect(rebuilt.code, rebuilt.err).toBe(0);
    // What stdin brought keeps its verdict (rules.md 8).
    expect(jsonLines(rebuilt.out)[0]).toMatchObject({ events: { read: 4, accepted: 4, quarantined: 0 } });
    expect(await row(root, 'a')).toEqual({ card: 'a', n: 4, n_1h: 4, amount_1d: 1508 });
    // Records of another kind are judged anew.
    put(root, 'features/sources/tx.sql', stricter.replace('decimal(12,2)', 'decimal(14,2)'));
    const other = await cli(['run', '--mode', 'stream', '--rebuild', '--format', 'json'], { cwd: root });
    expect(jsonLines(other.out)[0], other.err).toMatchObject({ events: { read: 4, accepted: 3, quarantined: 1 } });
    expect(await row(root, 'a')).toEqual({ card: 'a', n: 3, n_1h: 3, amount_1d: 8 });
    expect(jsonLines((await run(root)).out)[0]).toMatchObject({ events: { read: 0 } });
  });

  it('judges later records by a changed lateness and constraint, and leaves those of stdin their verdicts', async () => {
    const root = make({
      ...FILES,
      'fsc.json': '{ "sources": { "tx": { "history": "tx.jsonl", "stream": "-" } }, "clock": "events" }',
      'tx.jsonl': tx(1, 0, 'a', '5.00'),
    });
    const stream = (stdin: string) => cli(['run', '--mode', 'stream', '--format', 'json'], { cwd: root, stdin });
    const early = tx(2, 60, 'a', '1.00') + tx(3, 61, 'a', '1500.00') + tx(4, 41, 'a', '2.00');
    expect(jsonLines((await stream(early)).out)[0]).toMatchObject({ events: { read: 4, accepted: 3, late: 1 } });
    const changed = SOURCE.replace('CHECK (amount > 0)', 'CHECK (amount > 0 AND amount < 1000)').replace(
      /@lateness +\d+ minutes/,
      '@lateness 40 minutes',
    );
    expect(changed).toContain('40 minutes');
    put(root, 'features/sources/tx.sql', changed);
    // The line of before stands: what was settled stays settled. The record of the history is read again, and counted.
    const later =
      tx(5, 62, 'a', '1600.00') + tx(6, 45, 'a', '4.00') + tx(7, 120, 'a', '8.00') + tx(8, 85, 'a', '16.00');
    const { code, out, err } = await stream(later);
    expect(code, err).toBe(0);
    expect(jsonLines(out)[0]).toMatchObject({ events: { read: 5, accepted: 3, late: 1, quarantined: 1 } });
    expect(await row(root, 'a')).toMatchObject({ n: 5, amount_1d: 1530 });
    const verified = await cli(['verify', '--format', 'json'], { cwd: root });
    expect(verified.code, verified.out + verified.err).toBe(0);
    expect(jsonLines((await stream('')).out)[0]).toMatchObject({ events: { read: 0 } });
    const rebuilt = await cli(['run', '--mode', 'stream', '--rebuild', '--format', 'json'], { cwd: root });
    expect(jsonLines(rebuilt.out)[0], rebuilt.err).toMatchObject({
      events: { read: 8, accepted: 5, late: 2, quarantined: 1 },
    });
    expect(await row(root, 'a')).toMatchObject({ n: 5, amount_1d: 1530 });
    expect((await cli(['verify'], { cwd: root })).code).toBe(0);
  });

  it('reads files again by a changed declaration, a column more among others', async () => {
    const root = make({ ...FILES, 'tx.jsonl': tx(1, 0, 'a', '5.00') + tx(2, 1, 'a', '1500.00') });
    await run(root);
    expect(await row(root, 'a')).toMatchObject({ n: 2 });
    const changed = SOURCE.replace('CHECK (amount > 0)', 'CHECK (amount > 0 AND amount < 1000),\n  more integer');
    put(root, 'features/sources/tx.sql', changed);
    const { code, out, err } = await run(root);
    expect(code, err).toBe(0);
    expect(jsonLines(out)[0]).toMatchObject({ events: { read: 2, accepted: 1, quarantined: 1 } });
    expect(await row(root, 'a')).toMatchObject({ n: 1, amount_1d: 5 });
    expect((await cli(['verify'], { cwd: root })).code).toBe(0);
    expect(jsonLines((await run(root)).out)[0]).toMatchObject({ events: { read: 0 } });
    // What was consumed and is gone is not left out in silence.
    put(root, 'features/sources/tx.sql', SOURCE);
    put(root, 'tx.jsonl', tx(1, 0, 'a', '5.00'));
    const gone = await run(root);
    expect([gone.code, gone.err]).toEqual([1, expect.stringContaining('FSC7303')]);
    put(root, 'features/sources/tx.sql', changed);
    expect(await row(root, 'a')).toMatchObject({ n: 1, amount_1d: 5 });
  });

  it('writes nothing and deletes nothing in a folder that another process holds, and says who', async () => {
    const root = make({ ...FILES, 'tx.jsonl': tx(1, 0, 'a', '5.00') });
    const held = lockFolder(join(root, '.fsc/state'));
    const { code, err } = await run(root);
    held.release();
    expect(code).toBe(3);
    expect(err).toContain('FSC7114');
    expect(existsSync(join(root, '.fsc/state/tx.journal'))).toBe(false);
    expect((await run(root)).code).toBe(0);
  });

  it('tells corrupt state and state of a newer format, and changes neither', async () => {
    const root = make({ ...FILES, 'tx.jsonl': tx(1, 0, 'a', '5.00') });
    await run(root);
    const file = join(root, '.fsc/state/tx.snapshot');
    const good = readFileSync(file);
    const flipped = Buffer.from(good);
    flipped[good.length >> 1] = (flipped[good.length >> 1] as number) ^ 1;
    writeFileSync(file, flipped);
    const corrupt = await run(root);
    expect(corrupt.code).toBe(1);
    expect(corrupt.err).toContain('FSC7113');
    expect(readFileSync(file).equals(flipped)).toBe(true);
    const newer = Buffer.from(good);
    newer.writeUInt32LE(99, 8);
    writeFileSync(file, newer);
    expect((await run(root)).code).toBe(1);
    writeFileSync(file, good);
    expect((await run(root)).code).toBe(0);
  });

  it('exits 1 above --max-quarantined, and 0 otherwise', async () => {
    const root = make({ ...FILES, 'tx.jsonl': `${tx(1, 0, 'a', '5.00')}{\n{\n` });
    expect((await run(root, '--max-quarantined', '1')).code).toBe(1);
    const again = make({ ...FILES, 'tx.jsonl': `${tx(1, 0, 'a', '5.00')}{\n{\n` });
    expect((await run(again, '--max-quarantined', '2')).code).toBe(0);
  });

  it('names what is wrong with its arguments', async () => {
    const root = make({ ...FILES, 'tx.jsonl': '' });
    const cases: readonly (readonly [readonly string[], number, string])[] = [
      [['run'], 2, '--mode'],
      [['run', '--mode', 'strem'], 2, 'strem'],
      [['run', '--mode', 'stream', '--as-of', 'now'], 2, 'FSC7001'],
      [['run', '--mode', 'stream', '--view', 'card_v1'], 2, 'FSC7001'],
      [['run', '--mode', 'batch', '--until-end', '--out', 'x.csv'], 2, 'FSC7001'],
      [['run', '--mode', 'batch', '--view', 'card_v1'], 0, 'warning: --view says what --out writes'],
      [['run', '--mode', 'batch', '--as-of', 'yesterday'], 2, 'FSC7007'],
      [['run', '--mode', 'stream', '--source', 'ty=x.jsonl'], 2, 'FSC7001'],
      [['run', '--mode', 'stream', '--source', 'tx=nothing*.jsonl'], 2, 'FSC7102'],
      [['run', '--mode', 'stream', '--source', 'tx=kafka:tx'], 2, 'FSC7101'],
      [['run', '--mode', 'stream', '--shard', '0/2'], 2, 'FSC7011'],
      [['run', '--mode', 'batch', '--view', 'card_v9'], 2, 'FSC7005'],
    ];
    for (const [args, code, text] of cases) {
      const result = await cli(args, { cwd: root });
      expect([args.join(' '), result.code]).toEqual([args.join(' '), code]);
      expect(result.err).toContain(text);
    }
  });

  it('tells of a column that a CSV file does not have, once a run', async () => {
    const root = make({
      ...FILES,
      'fsc.json': '{ "sources": { "tx": { "history": "data/*.csv" } }, "clock": "events" }',
      'features/sources/tx.sql': `-- @event_time paid_at
-- @from shop shop_name
-- @from kind type
CREATE TABLE tx (id bigint PRIMARY KEY, paid_at timestamp NOT NULL, card text NOT NULL, amount integer, shop text, kind text, bags integer DEFAULT 1, city text);
`,
      'data/a.csv': 'id,paid_at,card,amuont,shop_nam,type,where\n1,2024-01-01 10:00,a,5,x,y,z\n',
      'data/b.csv': 'id,paid_at,card,amount,shop,type,where\n2,2024-01-01 10:00,a,5,x,y,z\n',
    });
    const told = `warning: data/a.csv has no column \`amount\`; it is NULL in all its records
help: did you mean \`amuont\`? rename it, or write -- @from amount amuont
warning: data/a.csv and 1 more file have no column \`shop_name\` for \`shop\`, which is NULL in all their records
help: did you mean \`shop_nam\`? rename it, or write -- @from shop shop_nam
warning: data/a.csv and 1 more file have no column \`city\`; it is NULL in all their records
help: if it has another name there, write -- @from city NAME; a DEFAULT says what stands for it
`;
    expect((await cli(['run', '--mode', 'stream'], { cwd: root })).err).toContain(told);
    const query = await cli(['query', 'SELECT count(*) FROM tx, tx AS u'], { cwd: root });
    expect(query.err).toBe(`${told}1 row\n`);
    const out = await cli(['run', '--mode', 'batch', '--out', 'x.csv', '--quiet'], { cwd: root });
    expect(out).toMatchObject({ code: 0, err: '' });
  });

  it('tells that columns which only the path of a file tells are not read', async () => {
    const root = make({
      ...FILES,
      'fsc.json': '{ "sources": { "tx": { "history": "data/*/*.csv" } }, "clock": "events" }',
      'features/sources/tx.sql':
        '-- @event_time paid_at\nCREATE TABLE tx (id bigint PRIMARY KEY, paid_at timestamp NOT NULL, card text NOT NULL, amount integer, day date);\n',
      'data/day=2024-01-01/a.csv': 'id,paid_at,card,amount,the_day\n1,2024-01-01 10:00,a,5,x\n',
    });
    const { err } = await cli(['run', '--mode', 'stream'], { cwd: root });
    expect(err).toContain(`warning: data/day=2024-01-01/a.csv has no column \`day\`; it is NULL in all its records
help: only its path tells it (\`day=2024-01-01\`), which is not read: write the column into the files too
`);
  });

  it.each([
    ['id;paid_at;card\n1;2024-01-01 10:00;a\n', 'its header has no comma, but semicolons'],
    ['id\tpaid_at\tcard\n1\t2024-01-01 10:00\ta\n', 'its header has no comma, but tabs'],
    ['sep=,\nid,paid_at,card\n1,2024-01-01 10:00,a\n', 'its first line is `sep=`'],
  ])('tells of a file of a spreadsheet once, instead of its columns: %j', async (text, fault) => {
    const root = make({
      ...FILES,
      'fsc.json': '{ "sources": { "tx": { "history": "a.csv" } }, "clock": "events" }',
      'a.csv': text,
    });
    const { err } = await cli(['run', '--mode', 'stream'], { cwd: root });
    expect(err).toContain(`warning: a.csv cannot be read: ${fault}`);
    expect(err.match(/warning/g)).toHaveLength(1);
  });

  it('tells of NOT NULL columns that a file lacks, and proposes for each the name that is its own', async () => {
    const root = make({
      'fsc.json': '{ "sources": { "e": { "history": "a.csv" } }, "clock": "events" }',
      'features/sources/e.sql':
        '-- @event_time ts\nCREATE TABLE e (id bigint NOT NULL PRIMARY KEY, ts timestamp NOT NULL, k text NOT NULL, n integer);',
      'features/a/v1.sql': 'SELECT k, count(*) AS events FROM e GROUP BY k',
      'a.csv': 'ID,TS,K\n1,2024-01-01,a\n',
    });
    const { err } = await cli(['run', '--mode', 'stream'], { cwd: root });
    const malformed = (name: string, there: string): string =>
      `warning: a.csv has no column \`${name}\`; it is NOT NULL: all its records are malformed\nhelp: did you mean \`${there}\`? rename it, or write -- @from ${name} ${there}\n`;
    expect(err).toContain(
      `${malformed('id', 'ID')}${malformed('ts', 'TS')}${malformed('k', 'K')}warning: a.csv has no column \`n\`; it is NULL in all its records\nhelp: if it has another name there`,
    );
  });

  it('stops within two seconds when asked to, keeps what it took off stdin, and goes on', async () => {
    const root = make({ ...FILES, 'fsc.json': '{ "clock": "events" }' });
    const stop = new AbortController();
    const stdin = new Readable({ read() {} });
    stdin.push(tx(1, 0, 'a', '5.00'));
    const running = cli(['run', '--mode', 'stream', '--source', 'tx=-', '--format', 'json'], {
      cwd: root,
      stdin,
      signal: stop.signal,
    });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    stdin.push(tx(2, 1, 'a', '1.00'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const asked = performance.now();
    stop.abort();
    const { code, out } = await running;
    expect(performance.now() - asked).toBeLessThan(2000);
    expect(code).toBe(130);
    expect(jsonLines(out)[0]).toMatchObject({ events: { read: 2, accepted: 2 } });
    expect(await row(root, 'a')).toEqual({ card: 'a', n: 2, n_1h: 2, amount_1d: 6 });
  });
});
