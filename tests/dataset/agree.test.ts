import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  dataset,
  HOUR,
  iso,
  type Label,
  labels,
  labelsCsv,
  payments,
  paymentsCsv,
  Random,
  Referee,
  type Rule,
  rowsOf,
  START,
  VIEWS,
  world,
} from './world.ts';

const SEED = Number(process.env.FSC_SEED ?? 20_240_227);
const T = START + 50 * HOUR;

const RULES: readonly Rule[] = [
  { ties: 'include', own: false, knownTo: null },
  { ties: 'exclude', own: false, knownTo: null },
  { ties: 'exclude', own: true, knownTo: null },
  { ties: 'include', own: false, knownTo: T },
  { ties: 'exclude', own: true, knownTo: T },
  { ties: 'include', own: false, knownTo: 'label' },
  { ties: 'exclude', own: false, knownTo: 'label' },
  { ties: 'exclude', own: true, knownTo: 'label' },
];

function flagsOf({ ties, own, knownTo }: Rule): string[] {
  const known = knownTo === null ? [] : ['--known-to', knownTo === 'label' ? 'label' : `${iso(knownTo)}Z`];
  return ['--labels', own ? 'own.csv' : 'labels.csv', '--ties', ties, ...known];
}

function titleOf({ ties, own, knownTo }: Rule): string {
  return `ties ${ties}${own ? ', own events' : ''}${knownTo === null ? '' : `, known to ${knownTo === 'label' ? 'label' : 'T'}`}`;
}

/** `mean` of decimals is a double, the same within 2 ulp (design.md section 4): then it counts as what was expected. All else is exact. */
function settled(actual: unknown, expected: unknown): unknown {
  const [a, b] = [Number(actual), Number(expected)];
  if (actual === null || expected === null || Number.isNaN(a) || Number.isNaN(b)) return actual;
  return Math.abs(a - b) <= 2 * Number.EPSILON * Math.abs(b) ? expected : actual;
}

function settledRows(
  rows: readonly Record<string, unknown>[],
  expected: readonly Record<string, unknown>[],
): unknown[] {
  return rows.map((row, i) => {
    const mean = settled(row.calendar_v1__mean, expected[i]?.calendar_v1__mean);
    return { ...row, calendar_v1__mean: mean };
  });
}

describe('training sets', () => {
  const random = new Random(SEED);
  const events = payments(random, 400);
  const asked: Label[] = labels(random, events, 60);
  let made: ReturnType<typeof world>;
  let referee: Referee;
  beforeAll(async () => {
    made = world({
      'pay.csv': paymentsCsv(events),
      'labels.csv': labelsCsv(asked, false),
      'own.csv': labelsCsv(asked, true),
    });
    referee = await Referee.open(made.root);
  });
  afterAll(() => {
    referee.close();
    made.remove();
  });

  for (const rule of RULES) {
    it(`both engines give what the view's own text gives: ${titleOf(rule)}`, async () => {
      const views = Object.keys(VIEWS).flatMap((name) => ['--view', name]);
      const args = [...flagsOf(rule), ...views, '--qualified'];
      const replayed = await rowsOf(made.root, ...args);
      const computed = await rowsOf(made.root, ...args, '--engine', 'duckdb');
      expect(replayed.length).toBe(asked.length);
      expect(settledRows(computed, replayed)).toEqual(replayed);
      for (const [i, label] of asked.entries()) {
        const row = replayed[i] as Record<string, unknown>;
        expect([row.label, row.card]).toEqual([String(i), label.card]);
        for (const [view, text] of Object.entries(VIEWS)) {
          const wanted = await referee.features(text, label, rule);
          const names = Object.keys(row).filter((name) => name.startsWith(`${view}__`));
          const values = names.map((name) => (row[name] === null ? null : String(row[name])));
          const mean = names.indexOf('calendar_v1__mean');
          const found = values.map((value, k) => (k === mean ? settled(value, wanted[k]) : value));
          expect([view, i, label, found]).toEqual([view, i, label, wanted]);
        }
      }
    });
  }

  it('a request view takes its request from the labels, and both engines agree', async () => {
    const lines = asked.map(({ card, micros }, i) => {
      const price = i % 3 === 0 ? '' : `${i}.50`;
      return `${card === null ? '' : `"${card.replaceAll('"', '""')}"`},shop ${i % 5},${price},${iso(micros)}Z`;
    });
    const own = world({ 'pay.csv': paymentsCsv(events), 'ask.csv': `card,shop,price,as_of\n${lines.join('\n')}\n` });
    try {
      const args = [
        '--labels',
        'ask.csv',
        '--view',
        'risk_v1',
        '--view',
        'windows_v1',
        '--ties',
        'exclude',
        '--qualified',
      ];
      const replayed = await rowsOf(own.root, ...args);
      expect(await rowsOf(own.root, ...args, '--engine', 'duckdb')).toEqual(replayed);
      const cold = replayed.filter((row) => row.card === 'nobody');
      expect(cold.length).toBeGreaterThan(0);
      for (const row of cold) expect([row.risk_v1__n_2h, row.risk_v1__bags]).toEqual(['0', '2']);
      const none = replayed.filter((row) => row.card === null);
      expect(none.length).toBeGreaterThan(0);
      for (const row of none) expect([row.risk_v1__n_2h, row.risk_v1__bags]).toEqual([null, null]);
      for (const row of replayed.filter((one) => one.card !== null && one.windows_v1__n_2h !== null))
        expect(row.risk_v1__n_2h).toBe(row.windows_v1__n_2h);
    } finally {
      own.remove();
    }
  });

  it('labels beside windows and labels beside events give the same', async () => {
    // 4,000 labels of four cards meet 400,000 pairs of events: more than the windows cost.
    const many = labels(new Random(SEED + 1), events, 4000);
    const own = world({ 'pay.csv': paymentsCsv(events), 'many.csv': labelsCsv(many, true) });
    try {
      const args = ['--labels', 'many.csv', '--view', 'windows_v1', '--ties', 'exclude'];
      expect(await rowsOf(own.root, ...args, '--engine', 'duckdb')).toEqual(await rowsOf(own.root, ...args));
    } finally {
      own.remove();
    }
  });

  it('counts ties alike, whatever WHERE and FILTER say', async () => {
    const tied = asked.filter(({ card, micros }) =>
      events.some((event) => event.card === card && event.micros === micros),
    ).length;
    for (const engine of ['replay', 'duckdb']) {
      const args = ['--labels', 'labels.csv', '--view', 'calendar_v1', '--ties', 'include', '--engine', engine];
      const { out, code } = await dataset(made.root, ...args, '--out', 'o.csv', '--format', 'json');
      expect(code).toBe(0);
      expect([engine, (JSON.parse(out) as { tiedLabels: number }).tiedLabels]).toEqual([engine, tied]);
    }
  });
});
