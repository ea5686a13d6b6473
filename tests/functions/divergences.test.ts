import { describe, expect, it } from 'vitest';
import { bothReferees } from './both-referees.ts';
import { DIVERGENCES } from './divergences.ts';
import { boundOrThrow, evaluate, sqlOf, textOf } from './expression.ts';

const referees = bothReferees();

async function outcome(run: () => Promise<string | null>): Promise<string> {
  try {
    return (await run()) ?? 'NULL';
  } catch {
    return 'aborts';
  }
}

const inDuckDb = (sql: string): Promise<string> =>
  outcome(async () => (await referees.duckdb.select(`SELECT CAST(${sql} AS VARCHAR)`))[0]?.values[0] as string | null);
const inPostgres = (sql: string): Promise<string> =>
  outcome(async () => (await referees.postgres.query(`SELECT CAST((${sql}) AS text)`)).rows[0]?.[0] ?? null);

describe('where a database gives something else than fsc', () => {
  for (const { name, examples } of DIVERGENCES) {
    for (const { sql, postgresBefore16, ...outcomes } of examples) {
      it(`${name}: ${sql}`, async () => {
        const expr = boundOrThrow(sql);
        const fsc = textOf(evaluate(expr), expr.type);
        const duck = (await inDuckDb(sql)).replace('-nan', 'nan');
        const raw = await inPostgres(sql);
        const postgres = raw === postgresBefore16 ? outcomes.postgres : raw;
        expect({ fsc, duckdb: duck, postgres }).toEqual(outcomes);
        expect([outcomes.duckdb, outcomes.postgres]).not.toEqual([fsc, fsc]);
      });

      it(`and what is emitted for it gives fsc's value: ${sql}`, async () => {
        const expr = boundOrThrow(sql);
        const value = sqlText(evaluate(expr) === null ? 'NULL' : outcomes.fsc);
        expect(sqlText(await inDuckDb(sqlOf(expr, 'duckdb')))).toBe(value);
        expect(sqlText(await inPostgres(sqlOf(expr, 'postgres')))).toBe(value);
      });
    }
  }
});

/** Doubles and zones are printed in other words by DuckDB. */
function sqlText(text: string): string {
  return text.replace(/\.0$/, '').replace(/\+00$/, '');
}
