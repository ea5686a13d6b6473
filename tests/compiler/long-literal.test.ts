import { expect, it } from 'vitest';
import { compileView, faultsOf, unmended } from './project.ts';

const A = (literal: string): string => `SELECT usr, max(${literal}) AS x FROM events GROUP BY usr`;
const DIGITS = '12345678901234567890123456789012345678';

it.each([`0.${DIGITS}`, `${'0'.repeat(38)}.5`, `0${DIGITS.slice(1)}.5`])(
  '%s is a double in DuckDB: it is refused, and the edit mends it',
  (literal) => {
    expect(faultsOf(compileView(A(literal)))).toEqual([`FSC3110 ${literal}`]);
    expect(unmended(A(literal), compileView)).toEqual([]);
    expect(faultsOf(compileView(A(`-${literal}`)))).toEqual([`FSC3110 ${literal}`]);
  },
);

it.each([
  `.${DIGITS}`,
  `0.${DIGITS.slice(1)}`,
  `${DIGITS}.`,
  DIGITS,
  `00${DIGITS}`,
  `CAST('0.${DIGITS}' AS decimal(38,38))`,
])('%s is a decimal there', (literal) => {
  expect(faultsOf(compileView(A(literal)))).toEqual([]);
});
