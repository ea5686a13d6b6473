import { parse } from 'libpg-query';
import { describe, expect, it } from 'vitest';
import { postgresFile } from '../../compiler/backends/sql/files.ts';
import type { FunctionTable } from '../../compiler/backends/sql/print-expr.ts';
import { emitViewSql } from '../../compiler/backends/sql/view-sql.ts';
import { MICROS_PER_DAY as DAY } from '../../runtime/values/types.ts';
import { column, framed, keyOutput, rowsView, slotOutput, T, TEST_FUNCTIONS } from './plans.ts';
import { ALL_VIEWS, PAYMENTS } from './views.ts';

/** As Postgres is: no DISTINCT in a window function. */
const POSTGRES_LIKE: FunctionTable = {
  scalar: TEST_FUNCTIONS.scalar,
  aggregate: (name) => {
    const base = TEST_FUNCTIONS.aggregate(name);
    return {
      ...base,
      sql: {
        ...base.sql,
        postgres: (parts, types) =>
          parts.distinct && parts.over !== ''
            ? { unsupported: 'no DISTINCT in OVER' }
            : base.sql.postgres(parts, types),
      },
    };
  },
};

const DISTINCT_ROWS = rowsView({
  name: 'distinct_v1',
  text: '',
  source: PAYMENTS,
  entity: { card: column(PAYMENTS, 'card') },
  slots: [
    framed(
      'count',
      column(PAYMENTS, 'amount'),
      T.bigint,
      { mode: 'range', startMicros: DAY, endMicros: 0 },
      { distinct: true },
    ),
    framed('count', column(PAYMENTS, 'amount'), T.bigint, { mode: 'rows', start: 2, end: 0 }, { distinct: true }),
    {
      kind: 'frameValue',
      which: 'last',
      expr: column(PAYMENTS, 'amount'),
      frame: { mode: 'range', startMicros: null, endMicros: 0 },
      type: T.money,
    },
  ],
  outputs: [
    keyOutput('card', 0, T.text),
    slotOutput('a', 0, T.bigint),
    slotOutput('b', 1, T.bigint),
    slotOutput('c', 2, T.money),
  ],
});

describe('Postgres functions', () => {
  for (const view of [...ALL_VIEWS, DISTINCT_ROWS]) {
    it(`${view.spec.name} parses by the grammar of Postgres, body too`, async () => {
      await parse(postgresFile(view, POSTGRES_LIKE));
      const body = emitViewSql(view, '$1', 'latest', { dialect: 'postgres', functions: POSTGRES_LIKE });
      expect((await parse(body)).stmts).toHaveLength(1);
    });
  }
});
