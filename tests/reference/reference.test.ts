import { describe, expect, it } from 'vitest';
import { smallerCases } from '../generators/arbitrary.ts';
import { generateCase } from '../generators/case.ts';
import type { Coverage } from '../generators/coverage.ts';
import { addCoverage, hasEqualMoves, missing } from '../generators/coverage.ts';
import { printSelect } from '../generators/print-sql.ts';
import type { Case, ViewSpec } from '../generators/view-spec.ts';
import { columnsOf, compareRows } from './compare.ts';
import { Referee } from './duckdb.ts';
import type { World } from './evaluate.ts';
import { evaluateEveryRow } from './evaluate.ts';
import { newNotes } from './expressions.ts';
import { accepted } from './verdicts.ts';
import { worldOf } from './world.ts';

const CASES = Number(process.env.FSC_CASES ?? 300);
const SEED = Number(process.env.FSC_SEED ?? 1);

interface Tally {
  answers: number;
  cells: number;
  skippedCells: number;
  aborted: number;
  filterErrors: number;
  reasons: Map<string, number>;
  failures: string[];
}

/** Aborts that the design's divergence rows name; anything else means that the text itself is wrong. */
const EXPECTED_ABORT = /Out of Range Error|Conversion Error/;

const check = async (
  referee: Referee,
  test: Case,
  view: ViewSpec,
  world: World,
  t: bigint,
  tally: Tally,
): Promise<void> => {
  if (hasEqualMoves(test, view)) return;
  const actual = await referee.rows(test, view, t);
  if (actual instanceof Error) {
    const reason = actual.message.split('\n')[0]!;
    if (EXPECTED_ABORT.test(reason)) {
      tally.aborted++;
      const short = reason.replace(/[0-9]+/g, 'N').slice(0, 60);
      tally.reasons.set(short, (tally.reasons.get(short) ?? 0) + 1);
    } else tally.failures.push(`seed ${test.seed} ${view.name}: ${reason}\n${printSelect(view, test.source)}`);
    return;
  }
  const filters = newNotes();
  const expected = evaluateEveryRow(view, world, t, filters);
  // Raw SQL folds `x + x IS NULL` into `x IS NULL`, so an overflow in WHERE may go unseen.
  if (filters.errors > 0) {
    tally.filterErrors++;
    return;
  }
  tally.answers++;
  for (const row of expected)
    for (const cell of Object.values(row.cells)) {
      tally.cells++;
      if (cell.errors > 0 || cell.uncertain) tally.skippedCells++;
    }
  const differences = compareRows(expected, actual, columnsOf(view), {
    skipErrors: true,
    byPosition: view.shape === 'D',
  });
  if (differences.length > 0)
    tally.failures.push(
      `seed ${test.seed} ${view.name} at ${t}: ${JSON.stringify(differences.slice(0, 3), null, 1)}\n${printSelect(view, test.source)}`,
    );
};

describe('the naive evaluator', () => {
  it(`answers as DuckDB does over the user's text, ${CASES} cases from seed ${SEED}`, async () => {
    const referee = await Referee.open();
    const tally: Tally = {
      answers: 0,
      cells: 0,
      skippedCells: 0,
      aborted: 0,
      filterErrors: 0,
      reasons: new Map(),
      failures: [],
    };
    for (let seed = SEED; seed < SEED + CASES; seed++) {
      const test = generateCase(seed);
      const world = worldOf(test);
      await referee.prepare(test, world.accepted);
      for (const view of test.views)
        for (const t of test.instants.slice(0, 4)) await check(referee, test, view, world, t, tally);
      if (tally.failures.length >= 5) break;
    }
    if (process.env.FSC_TALLY) console.log({ ...tally, failures: tally.failures.length });
    expect(tally.failures.join('\n\n')).toBe('');
    expect(tally.aborted).toBeLessThan(tally.answers / 4);
  }, 600_000);

  it('is tried on everything that the cases are meant to show', () => {
    const coverage: Coverage = new Map();
    for (let seed = 0; seed < 2500; seed++) addCoverage(coverage, generateCase(seed));
    expect(missing(coverage)).toEqual([]);
  });

  it('has the same case for the same seed, and smaller ones that still run', async () => {
    expect(generateCase(7)).toEqual(generateCase(7));
    const referee = await Referee.open();
    const failures: string[] = [];
    for (const seed of [3, 8, 11, 21]) {
      let steps = 0;
      for (const test of smallerCases(generateCase(seed))) {
        if (++steps > 60) break;
        await referee.prepare(test, accepted(test.log, test.source));
        for (const view of test.views) {
          const actual = await referee.rows(test, view, test.instants[0]!);
          if (actual instanceof Error && !EXPECTED_ABORT.test(actual.message))
            failures.push(`${actual.message}\n${printSelect(view, test.source)}`);
        }
      }
    }
    expect(failures).toEqual([]);
  });
});
