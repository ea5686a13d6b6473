/** Records with ties, NULLs and negative amounts, and how rows are read back. */

import type { DuckDbSession, ResultColumns } from '../../runtime/engines/duckdb/session.ts';
import { MICROS_PER_HOUR as HOUR, type Value } from '../../runtime/values/types.ts';
import { load } from './load-rows.ts';
import { PAYMENTS, REQUEST } from './views.ts';

export const START = Date.UTC(2024, 1, 27) * 1000;

/** A small generator with a fixed seed: the same records every time. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

export function paymentRows(count: number): Value[][] {
  const next = numbers(7);
  const cards = ['a', 'B', "it's", '日本', 'a long name of more than twelve bytes'];
  const rows: Value[][] = [];
  for (let id = 0; id < count; id += 1) {
    const at = START + Math.floor(next() * 200) * (HOUR / 2);
    rows.push([
      id,
      at,
      cards[Math.floor(next() * cards.length)]!,
      next() < 0.2 ? null : Math.floor(next() * 6),
      next() < 0.1 ? null : Math.floor(next() * 100_000) - 20_000,
      next() < 0.1 ? null : at + 123_456,
    ]);
  }
  return rows;
}

export async function loadPayments(session: DuckDbSession, table: string, count = 300): Promise<void> {
  await load(session, table, PAYMENTS, paymentRows(count));
}

export async function loadRequests(session: DuckDbSession, table: string): Promise<void> {
  await load(session, table, REQUEST, [
    ['a', 1250],
    ['nobody', 1],
    [null, 2],
    ['日本', null],
  ]);
}

/** Rows as text, sorted: for comparing two results of the same columns exactly. */
export function sortedRows(result: ResultColumns): string[] {
  const rows: string[] = [];
  for (let row = 0; row < result.batch.length; row += 1) {
    rows.push(JSON.stringify(result.batch.columns.map((_, column) => textOf(result, column, row))));
  }
  return rows.sort();
}

export function textOf(result: ResultColumns, column: number, row: number): string | null {
  const vector = result.batch.columns[column]!;
  if (vector.nulls !== null && vector.nulls[row] === 1) return null;
  if (vector.kind === 'text')
    return vector.dictionary === null ? vector.strings![row]! : vector.dictionary[vector.codes![row]!]!;
  return String(vector.wide?.get(row) ?? vector.values[row]);
}
