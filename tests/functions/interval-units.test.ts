/** Every unit that fsc reads in an interval, in its singular and its plural, is read so by both databases. */
import { expect, it } from 'vitest';
import { INTERVAL_UNITS, intervalValue } from '../../compiler/catalog/literals.ts';
import { bothReferees } from './both-referees.ts';
import { boundOrThrow, evaluate, textOf } from './expression.ts';

const referees = bothReferees();

const WORDS = INTERVAL_UNITS.flatMap((unit) => [unit, `${unit}s`, unit.toUpperCase()]);
const TEXTS = [...WORDS.flatMap((word) => [`3${word}`, `-2 ${word}`]), '1d12h', '1.5h'];

it.each(TEXTS.filter((text) => intervalValue(text) !== undefined))('%s', async (text) => {
  const sql = `TIMESTAMP '2001-03-04 05:06:07' + INTERVAL '${text}'`;
  const expr = boundOrThrow(sql);
  const value = textOf(evaluate(expr), expr.type);
  expect((await referees.duckdb.select(`SELECT CAST(${sql} AS VARCHAR)`))[0]?.values[0]).toBe(value);
  expect((await referees.postgres.query(`SELECT CAST((${sql}) AS text)`)).rows[0]?.[0]).toBe(value);
});

it('a letter has no plural', () => {
  expect(['hs', 'ds', 'mss', 'uss', 'hrss', 'x'].filter((word) => intervalValue(`1${word}`) !== undefined)).toEqual([]);
});
