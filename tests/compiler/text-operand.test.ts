import { describe, expect, it } from 'vitest';
import { compileView, faultsOf, unmended } from './project.ts';

const A = (item: string): string => `SELECT usr, ${item} AS x FROM events GROUP BY usr`;
const codes = (item: string): readonly string[] => faultsOf(compileView(A(item)));

describe('a text literal beside an operator and a number', () => {
  it.each([
    ["max('5' + 3)", "'5'"],
    ["max(n + '1')", "'1'"],
    ["max('1' + n)", "'1'"],
    ["max(n - '1')", "'1'"],
    ["max(id * '2')", "'2'"],
    ["max(amount / ' 2.5 ')", "' 2.5 '"],
    ["max(id % '7')", "'7'"],
    ["max(score * '1e3')", "'1e3'"],
    ["count(*) * '-2'", "'-2'"],
    ["max(n + 'one')", "'one'"],
  ])('%s', (item, text) => {
    expect(codes(item)).toEqual([`FSC3101 ${text}`]);
    expect(unmended(A(item), compileView)).toEqual([]);
  });

  it('is mended by the number, or a cast', () => {
    const helps = (item: string) => compileView(A(item)).diagnostics[0]?.help.map(({ text }) => text);
    expect(helps("max(n + '1')")).toEqual(['write the number']);
    expect(helps("max(n + 'one')")).toEqual(["write a number, or cast: `CAST('…' AS integer)`"]);
    for (const item of ["max(n + CAST('1' AS integer))", 'max(n + NULL)']) expect(codes(item)).toEqual([]);
  });

  it('is what it was before an instant, and in comparisons', () => {
    for (const item of [
      "max(extract(epoch FROM '2001-01-01' - ts))",
      "bool_or(n = '5')",
      "bool_or(amount BETWEEN '1' AND '2')",
    ])
      expect(codes(item)).toEqual([]);
  });
});

describe('a text literal beside an operator and a time', () => {
  it.each([
    ["max(extract(epoch FROM ts - '2001-01-01'))", "TIMESTAMP '2001-01-01'"],
    ["now() - '2001-01-01' > INTERVAL '1 day'", "TIMESTAMP '2001-01-01'"],
    ["max(CAST(ts AS date) - '2001-01-01')", "DATE '2001-01-01'"],
    ["now() - max(ts) + '1 day' > INTERVAL '2 days'", "INTERVAL '1 day'"],
    ["now() - max(ts) > '1 day' + INTERVAL '1 hour'", "INTERVAL '1 day'"],
    ["now() - max(ts) > '1 day' - INTERVAL '1 hour'", "INTERVAL '1 day'"],
  ])('%s', (item, typed) => {
    expect(codes(item)).toEqual([`FSC3101 ${typed.slice(typed.indexOf("'"))}`]);
    expect(compileView(A(item)).diagnostics[0]?.help.map(({ text }) => text)).toEqual([`write \`${typed}\``]);
    expect(unmended(A(item), compileView)).toEqual([]);
  });
});
