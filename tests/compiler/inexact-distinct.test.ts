import { expect, it } from 'vitest';
import { compileView, faultsOf } from './project.ts';

const COUNTED = `SELECT usr, count(DISTINCT amount / 3) FILTER (WHERE ts > now() - INTERVAL '1 day') AS x FROM events GROUP BY usr`;

it('counting distinct inexact values is a decision on them', () => {
  expect(faultsOf(compileView(COUNTED))).toEqual(['FSC5002 amount / 3']);
  expect(compileView(COUNTED).diagnostics.map(({ severity }) => severity)).toEqual(['warning']);
  expect(compileView(COUNTED, true).diagnostics.map(({ severity }) => severity)).toEqual(['error']);
});

it.each(['amount', 'score', 'amount * 3', 'score + 1'])('%s is exact', (text) => {
  expect(faultsOf(compileView(COUNTED.replace('amount / 3', text)))).toEqual([]);
});
