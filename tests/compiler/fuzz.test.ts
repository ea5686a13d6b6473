import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SEMANTIC_CODES } from '../../compiler/diagnostics/codes-semantic.ts';
import { compileView } from './project.ts';

const WORDS =
  `SELECT FROM WHERE GROUP BY HAVING OVER PARTITION ORDER ROWS RANGE PRECEDING CURRENT ROW AS AND OR NOT NULL IS CASE WHEN THEN
  ELSE END usr ts id n amount score ok plan events ask one_v1 r a count(*) sum(n) avg(score) now() INTERVAL '1_day' 'x' 1 1.5 ( ) , = > + - * /
  FILTER (WHERE JOIN LEFT ON WITH LATERAL DISTINCT array_agg(n lag( [1] :: date_trunc('day', nope __proto__ constructor toString`.split(
    /\s+/,
  );
const SEEDS = [
  "SELECT usr , count(*) FILTER ( WHERE ts > now() - INTERVAL '1 day' ) AS x FROM events WHERE ok GROUP BY usr HAVING count(*) > 1",
  'SELECT usr , sum(n) OVER ( PARTITION BY usr ORDER BY ts , id ROWS 3 PRECEDING ) AS x , lag( n ) OVER ( PARTITION BY usr ORDER BY ts , id ) AS y FROM events',
  'SELECT r.usr AS u , coalesce( a.c , 0 ) AS x FROM ask r LEFT JOIN one_v1 a ON a.usr = r.usr WHERE r.n > 1',
];

it('no text crashes the compiler', () => {
  const edit = fc.record({ at: fc.nat(60), word: fc.constantFrom(...WORDS), cut: fc.nat(2) });
  fc.assert(
    fc.property(fc.constantFrom(...SEEDS), fc.array(edit, { maxLength: 5 }), (seed, edits) => {
      const words = seed.split(' ');
      for (const { at, word, cut } of edits) words.splice(at % words.length, cut, word.replace('_', ' '));
      const { plan, diagnostics } = compileView(words.join(' '));
      expect(plan === null).toBe(diagnostics.some((diagnostic) => diagnostic.severity === 'error'));
      for (const { primary, file } of diagnostics) {
        expect(primary.span.start).toBeLessThanOrEqual(primary.span.end);
        expect(primary.span.end).toBeLessThanOrEqual(file.text.length);
      }
    }),
    { numRuns: Number(process.env.FSC_FUZZ_RUNS ?? 500) },
  );
});

it('every code has its texts', () => {
  for (const texts of Object.values(SEMANTIC_CODES))
    expect([texts.title, texts.cause, texts.help].every((text) => text.length > 3)).toBe(true);
});
