import { describe, expect, it } from 'vitest';
import { changeOf, declarationOf } from '../../runtime/engines/redeclared.ts';
import { BIGINT, column, sourceSpec, TEXT } from './helpers.ts';

const before = sourceSpec();
const columns = before.columns;

describe('a declaration that changed', () => {
  it.each([
    ['none', {}],
    ['none', { description: 'told otherwise', fingerprint: before.fingerprint }],
    ['verdicts', { latenessMicros: 1 }],
    ['verdicts', { checks: [{ sql: 'v > 0' }] }],
    ['verdicts', { onlySql: 'v = 1' }],
    ['columns', { columns: [...columns, column('more', TEXT)] }],
    ['columns', { columns: columns.slice(0, -1) }],
    ['columns', { columns: columns.map((one) => (one.name === 'v' ? { ...one, nullable: false } : one)) }],
    [
      'columns',
      { columns: columns.map((one) => (one.name === 'v' ? { ...one, hasDefault: true, defaultValue: 0 } : one)) },
    ],
    ['records', { keyColumns: [1, 2] }],
    ['records', { keyColumns: [] }],
    ['records', { knownTimePath: ['known'] }],
    ['records', { partitionColumn: 3 }],
    ['records', { columns: columns.map((one) => (one.name === 'v' ? { ...one, type: BIGINT } : one)) }],
    ['records', { columns: columns.map((one) => (one.name === 'v' ? { ...one, path: ['data', 'v'] } : one)) }],
    [
      'records',
      { columns: columns.map((one) => (one.name === 'v' ? { ...one, epochUnit: 'epoch_s' as const } : one)) },
    ],
  ])('is a change of %s: %j', (change, extra) => {
    const isOther = Object.keys(extra).length > 0 && !('fingerprint' in extra);
    const after = { ...before, ...(isOther ? { fingerprint: 'other' } : {}), ...extra };
    expect(changeOf(declarationOf(before), declarationOf(after))).toBe(change);
  });
});
