/** A view that is edited, and keeps its aggregates: the state stays as it is, and every row is another. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import type { StoredRow } from '../../runtime/stores/store.ts';
import { type CliResult, cli, jsonLines, project, put } from './in-process.ts';

const A = 'SELECT k, sum(x) AS s, count(*) AS c FROM e GROUP BY k\n';
const EDITS: readonly (readonly [string, string])[] = [
  ['a renamed feature', A.replace('AS s', 'AS total')],
  ['an expression over an aggregate', A.replace('sum(x)', 'sum(x) * 2')],
  ['a HAVING', A.replace('\n', ' HAVING count(*) > 1\n')],
  ['a cast', A.replace('sum(x)', 'sum(x)::integer')],
  ['a renamed key', A.replace('SELECT k', 'SELECT k AS kk')],
  ['swapped names', A.replace('AS s', 'AS c_').replace('AS c FROM', 'AS s FROM').replace('AS c_', 'AS c')],
];
const KEPT = 'SELECT k, count(*) AS c FROM e GROUP BY k\n';
const VIEW = 'features/a/v1.sql';
const FILES = {
  'fsc.json': '{ "sources": { "e": { "history": "e.jsonl", "stream": "-" } }, "clock": "events" }',
  'features/sources/e.sql':
    '-- @event_time ts\nCREATE TABLE e (id bigint NOT NULL PRIMARY KEY, ts timestamp NOT NULL, k text NOT NULL, x integer NOT NULL);',
  [VIEW]: A,
};
const KEYS = 5;
const event = (id: number, k: string): string => `{"id":${id},"ts":"2024-01-01T10:${id}:00Z","k":"${k}","x":${id}}\n`;
const HISTORY = Array.from({ length: 9 }, (_, i) => event(10 + i, `k${i % KEYS}`)).join('');

class Life {
  readonly root: string;
  readonly remove: () => void;

  constructor(files: Readonly<Record<string, string>> = {}) {
    ({ root: this.root, remove: this.remove } = project({ ...FILES, 'e.jsonl': HISTORY, ...files }));
  }

  fsc(args: readonly string[], stdin = ''): Promise<CliResult> {
    return cli(args, { cwd: this.root, stdin });
  }

  async run(stdin = '', ...more: readonly string[]): Promise<void> {
    const { code, err } = await this.fsc(['run', '--mode', 'stream', '--quiet', ...more], stdin);
    expect([code, err]).toEqual([0, '']);
  }

  async edit(text: string, path = VIEW): Promise<void> {
    put(this.root, path, text);
  }

  /** What a lookup of every entity gives is what the SELECT gives, and the store has nothing besides. */
  async agrees(entities: number, views: readonly string[] = ['a_v1']): Promise<void> {
    for (const view of views) {
      const batch = await this.fsc(['run', '--mode', 'batch', '--view', view, '--out', '-', '--quiet']);
      const online = await this.fsc(['get', view, '--all', '--format', 'json']);
      expect([online.code, sorted(online.out)]).toEqual([0, sorted(batch.out)]);
      expect(sorted(online.out).length).toBeGreaterThan(0);
    }
    expect(await this.stored()).toBe(entities * views.length);
  }

  async stored(): Promise<number> {
    return (await this.rows()).length;
  }

  async rows(): Promise<readonly StoredRow[]> {
    const store = await openLmdbStore({ path: join(this.root, '.fsc/online'), readOnly: true, namespace: '' });
    const rows: StoredRow[] = [];
    for await (const { key, value } of store.scan(new Uint8Array(0)))
      rows.push({ key: Uint8Array.from(key), value: Uint8Array.from(value) });
    await store.close();
    return rows;
  }

  /** As the run that has written last might have. */
  async write(rows: readonly StoredRow[]): Promise<void> {
    const store = await openLmdbStore({ path: join(this.root, '.fsc/online'), readOnly: false, namespace: '' });
    await store.write((await store.stamp()) ?? { epoch: 1, sequence: 1 }, rows, null);
    await store.close();
  }
}

function sorted(lines: string): readonly string[] {
  return jsonLines(lines)
    .map((row) => JSON.stringify(row))
    .sort();
}

async function living(
  work: (life: Life) => Promise<void>,
  files: Readonly<Record<string, string>> = {},
): Promise<void> {
  const life = new Life(files);
  try {
    await work(life);
  } finally {
    life.remove();
  }
}

describe.each(EDITS)('a view with %s', (_name, b) => {
  it('is written by the next run, and by the one after it that has the first text again', () =>
    living(async (life) => {
      await life.run();
      await life.agrees(KEYS);
      await life.edit(b);
      await life.run();
      await life.agrees(KEYS);
      await life.run(event(30, 'k1') + event(31, 'new'));
      await life.agrees(KEYS + 1);
      await life.edit(A);
      await life.run();
      await life.agrees(KEYS + 1);
      await life.edit(b);
      await life.run(event(32, 'k2'));
      await life.agrees(KEYS + 1);
      await life.edit(A);
      await life.run(event(33, 'k2'));
      await life.agrees(KEYS + 1);
    }));
});

const [, RENAMED] = EDITS[0] as readonly [string, string];

describe('a view that keeps its state', () => {
  it('is written by a batch run too', () =>
    living(async (life) => {
      await life.run();
      await life.edit(RENAMED);
      const { code } = await life.fsc(['run', '--mode', 'batch', '--to', 'online', '--as-of', '2024-01-02', '--quiet']);
      expect(code).toBe(0);
      await life.agrees(KEYS);
    }));

  it('is written beside another of its group, which is answered as before', () =>
    living(
      async (life) => {
        await life.run();
        await life.agrees(KEYS, ['a_v1', 'kept_v1']);
        await life.edit(RENAMED);
        await life.run();
        await life.agrees(KEYS, ['a_v1', 'kept_v1']);
        await life.edit(A);
        await life.run(event(30, 'k1'));
        await life.agrees(KEYS, ['a_v1', 'kept_v1']);
      },
      { 'features/kept/v1.sql': KEPT },
    ));

  it('is written for the first time where another had its state, whose rows go with it', () =>
    living(async (life) => {
      await life.run();
      rmSync(join(life.root, 'features/a'), { recursive: true });
      await life.edit(A, 'features/b/v1.sql');
      await life.run();
      await life.agrees(KEYS, ['b_v1']);
      rmSync(join(life.root, 'features/b'), { recursive: true });
      await life.edit(A);
      await life.run(event(30, 'k1'));
      await life.agrees(KEYS);
    }));

  it('is written where the store is gone, and where the state is', () =>
    living(async (life) => {
      await life.run();
      await life.edit(RENAMED);
      rmSync(join(life.root, '.fsc/online'), { recursive: true });
      await life.run();
      await life.agrees(KEYS);
      await life.edit(A);
      await life.edit(HISTORY.replaceAll('k3', 'k2'), 'e.jsonl');
      rmSync(join(life.root, '.fsc/state'), { recursive: true });
      await life.run();
      await life.agrees(KEYS - 1);
    }));

  it('is written again where a run of another text was killed before its snapshot', () =>
    living(async (life) => {
      await life.run();
      const before = mkdtempSync(join(tmpdir(), 'fsc-state-'));
      cpSync(join(life.root, '.fsc/state'), before, { recursive: true });
      const kill = (): void => {
        rmSync(join(life.root, '.fsc/state'), { recursive: true });
        cpSync(before, join(life.root, '.fsc/state'), { recursive: true });
      };
      await life.edit(RENAMED);
      await life.run();
      kill();
      await life.edit(A);
      await life.run();
      await life.agrees(KEYS);
      kill();
      await life.edit(RENAMED);
      await life.run();
      kill();
      await life.run();
      await life.agrees(KEYS);
      rmSync(before, { recursive: true });
    }));

  it('is not answered from rows of then that a killed run left, of entities that are gone', () =>
    living(async (life) => {
      await life.run();
      const rows = await life.rows();
      await life.edit(RENAMED);
      await life.edit(HISTORY.replaceAll('k3', 'k2'), 'e.jsonl');
      await life.run('', '--rebuild');
      await life.write(rows);
      await life.edit(A);
      await life.run();
      await life.agrees(KEYS - 1);
    }));

  it('leaves the rows of another namespace alone', () =>
    living(
      async (life) => {
        await life.run('', '--profile', 'staging');
        await life.run();
        await life.edit(RENAMED);
        await life.run();
        expect(await life.stored()).toBe(2 * KEYS);
        await life.edit(A);
        const { out } = await life.fsc(['get', 'a_v1', '--all', '--profile', 'staging', '--format', 'json']);
        expect(jsonLines(out)).toHaveLength(KEYS);
      },
      {
        'fsc.json':
          '{ "sources": { "e": { "history": "e.jsonl" } }, "clock": "events", "profiles": { "staging": { "namespace": "staging" } } }',
      },
    ));
});
