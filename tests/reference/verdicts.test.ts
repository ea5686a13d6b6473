import { parse } from 'libpg-query';
import { describe, expect, it } from 'vitest';
import { generateCase } from '../generators/case.ts';
import { column, compareWith, literal } from '../generators/expressions.ts';
import { printFiles } from '../generators/print-sql.ts';
import type { Cell, LogLine, SourceSpec, Value } from '../generators/view-spec.ts';
import { BIGINT, DOUBLE, decimal, INTEGER, TEXT, TIMESTAMP } from '../generators/view-spec.ts';
import { caseFiles } from '../generators/write-case.ts';
import type { ColumnInfo } from './compare.ts';
import { compareRows } from './compare.ts';
import { verdicts } from './verdicts.ts';

const SECOND = 1_000_000n;
const BASE = 1_700_000_000n * SECOND;

const source = (order: 'arrival' | 'none', key: readonly string[] = ['id']): SourceSpec => ({
  name: 'events',
  eventTime: 'at',
  key,
  lateness: { micros: 10n * SECOND, text: '10 seconds' },
  latenessTag: true,
  order,
  columns: [
    { name: 'id', type: BIGINT, notNull: true },
    { name: 'at', type: TIMESTAMP, notNull: true },
    {
      name: 'x',
      type: INTEGER,
      notNull: false,
      check: compareWith('>', column('x', INTEGER), literal(INTEGER, 0n)),
    },
  ],
});

const cell = (value: Value): Cell => ({ value, json: String(value) });

const event = (id: bigint, seconds: bigint, x: bigint | null = 1n, micros = 0n): LogLine => ({
  kind: 'event',
  cells: { id: cell(id), at: cell(BASE + seconds * SECOND + micros), x: cell(x) },
});

describe('naive verdicts', () => {
  it('go malformed, constraint, range, late, duplicate, accepted', () => {
    const log: LogLine[] = [
      { kind: 'poison', text: '{' },
      { kind: 'event', cells: { id: cell(1n), x: cell(1n) } },
      event(1n, 0n, 0n),
      { kind: 'event', cells: { id: cell(1n), at: cell(-1n), x: cell(0n) } },
      { kind: 'event', cells: { id: cell(1n), at: cell(-1n) } },
      event(1n, 100n),
      event(1n, 100n, 2n),
      event(2n, 90n),
      event(3n, 89n, 1n, 999_999n),
      event(2n, 90n),
      event(1n, 50n),
    ];
    expect(verdicts(log, source('arrival'))).toEqual([
      'malformed',
      'malformed',
      'constraint',
      'constraint',
      'range',
      'accepted',
      'duplicate',
      'accepted',
      'late',
      'duplicate',
      'late',
    ]);
  });

  it('let a NULL constraint pass, and only accepted records advance newest', () => {
    const log = [event(1n, 0n, null), event(2n, 1000n, 0n), event(3n, 1n)];
    expect(verdicts(log, source('arrival'))).toEqual(['accepted', 'constraint', 'accepted']);
  });

  it('know neither late records where the order is none nor duplicates without a key', () => {
    const log = [event(1n, 100n), event(2n, 0n), event(2n, 0n)];
    expect(verdicts(log, source('none'))).toEqual(['accepted', 'accepted', 'duplicate']);
    expect(verdicts(log, source('none', []))).toEqual(['accepted', 'accepted', 'accepted']);
  });
});

describe('comparing rows', () => {
  const columns: ColumnInfo[] = [
    { name: 'k', type: TEXT, agreement: 'exact', key: true },
    { name: 'd', type: decimal(12, 2), agreement: 'exact', key: false },
    { name: 'x', type: DOUBLE, agreement: 'double', key: false },
  ];
  const plain = (value: Value, tolerance = 0) => ({ value, tolerance, uncertain: false, errors: 0 });
  const row = { key: '["a"]', cells: { k: plain('a'), d: plain(150n), x: plain(1, 1e-9) } };

  it('takes decimals by value and doubles within their tolerance', () => {
    expect(compareRows([row], [{ k: 'a', d: '1.5', x: 1 + 1e-10 }], columns)).toEqual([]);
    expect(compareRows([row], [{ k: 'a', d: '1.51', x: 1 + 1e-8 }], columns).map((d) => d.column)).toEqual(['d', 'x']);
    expect(compareRows([row], [{ k: 'a', d: null, x: 1 }], columns).map((d) => d.column)).toEqual(['d']);
  });

  it('counts missing and extra rows', () => {
    expect(compareRows([row], [], columns)).toHaveLength(1);
    expect(compareRows([row], [{ k: 'a', d: '1.5', x: 1 }, { k: 'b' }], columns)).toHaveLength(1);
  });
});

describe('a case as files', () => {
  it("is SQL of Postgres's own grammar and one line an event", async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const test = generateCase(seed);
      for (const text of Object.values(printFiles(test.source, test.request, test.views))) await parse(text);
      const files = caseFiles(test);
      expect(files['data/events.jsonl']!.split('\n')).toHaveLength(test.log.length + 1);
      test.log.forEach((line, i) => {
        if (line.kind === 'event') JSON.parse(files['data/events.jsonl']!.split('\n')[i]!);
      });
    }
  });
});
