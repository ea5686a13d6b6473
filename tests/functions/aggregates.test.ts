import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { instantText } from '../../compiler/backends/sql/print-const.ts';
import { printType, type SqlType, type Value } from '../../runtime/values/types.ts';
import { type AggregateCase, aggregateCases, END, type Event, events, START } from './aggregate-cases.ts';
import { filterOf, form, HOUR, instant, Seen, statements, within, withinDatabase } from './aggregate-judge.ts';
import { type Span, type State, StateMachine, spelling } from './aggregate-state.ts';
import type { Exact } from './exact.ts';
import { type Column, DuckDbMachine, physicalType } from './machines.ts';
import { Random, show, sqlTypeName, ulps } from './values.ts';

const SEED = Number(process.env.FSC_SEED ?? '1');
const INSTANTS = [START + HOUR, START + 2.5 * HOUR, END];
const SPANS: readonly Span[] = ['lifetime', 'hour'];

const cases = aggregateCases();
const all = events(SEED);
const groups = [...new Set(all.map((event) => event.group))];
const machine = new StateMachine(cases);
let emitted: DuckDbMachine;
let referee: DuckDbMachine;
let inOrder: State;

const sorted = (list: readonly Event[]): Event[] => [...list].sort((a, b) => a.time - b.time || a.id - b.id);

beforeAll(async () => {
  emitted = await DuckDbMachine.emitted(statements(all, 'duckdb', physicalType));
  referee = await DuckDbMachine.referee(statements(all, 'duckdb'));
  inOrder = machine.create();
  inOrder.ingest(sorted(all));
}, 120_000);
afterAll(() => {
  emitted.close();
  referee.close();
}, 60_000);

/** Features by case and group: `answers[case][group index]`. */
async function query(machine: DuckDbMachine, texts: readonly string[], where: string): Promise<readonly Column[]> {
  const items = texts.map((text, i) => `${text} AS f${i}`).join(', ');
  const columns = await machine.select(`SELECT grp, ${items} FROM s WHERE ${where} GROUP BY grp ORDER BY grp`);
  return columns;
}

const SHOWN = 4;

describe('aggregates: state = DuckDB form = the text itself', () => {
  for (const span of SPANS) {
    for (const time of INSTANTS) {
      it(`${span} at ${instantText(time)}`, async () => {
        const filter = filterOf(span, time);
        const where = `ts <= ${instant(time)}`;
        const forms = await query(
          emitted,
          cases.map((one) => form(one, filter, 'duckdb')),
          where,
        );
        const present = forms[0]?.values ?? [];
        const faults: string[] = [];
        const raws = await rawValues(cases, filter, where);
        const seen = new Seen(all, span, time);
        const states = groups.map((group) => inOrder.values(span, group, time));
        const sizes = groups.map((group) => all.filter((event) => event.group === group).length);
        cases.forEach((one, n) => {
          const told: string[] = [];
          const column = forms[n + 1] as Column;
          if (column.type !== nameOf(one.result)) told.push(`the form gives ${column.type}, not ${nameOf(one.result)}`);
          groups.forEach((group, g) => {
            const state = states[g] ?? null;
            const at = present.indexOf(group);
            const isPresent = seen.present.has(group);
            if (isPresent !== (state !== null) || isPresent !== at >= 0) told.push(`group ${group} is there for some`);
            if (state === null || at < 0) return;
            const exact = seen.exactly(one, group);
            const where = `group ${group}: exact ${show(exact.value)}`;
            const count = sizes[g] as number;
            if (!within(one, exact, state[n] as Value, 4) || isBlurred(one, exact, state[n] as Value))
              told.push(`${where}, state ${show(state[n] as Value)}`);
            const other = column.values[at] as Value;
            if (Object.is(other, -0)) told.push(`group ${group}: minus zero`);
            if (!withinDatabase(one, exact, count, other)) told.push(`${where}, form ${show(other)}`);
            const raw = raws[n]?.[at];
            if (raw !== undefined && !withinDatabase(one, exact, count, raw) && !overflows(one, exact, raw))
              told.push(`${where}, raw ${show(raw)}`);
          });
          faults.push(...told.slice(0, SHOWN).map((text) => `${one.title} -> ${printType(one.result)}: ${text}`));
        });
        expect(faults).toEqual([]);
      });
    }
  }
});

/** By case and group; undefined where the text aborts: the referee runs the guarded form there (rules.md 25). */
async function rawValues(
  of: readonly AggregateCase[],
  filter: string,
  where: string,
): Promise<(Value | undefined)[][]> {
  const texts = of.map((one) => `CAST(${spelling(one, filter)} AS ${sqlTypeName(one.result, 'duckdb')})`);
  try {
    return (await query(referee, texts, where)).slice(1).map((column) => [...column.values]);
  } catch {
    if (of.length === 1) return [[]];
    const half = of.length >> 1;
    return [
      ...(await rawValues(of.slice(0, half), filter, where)),
      ...(await rawValues(of.slice(half), filter, where)),
    ];
  }
}

/** The state's sums are exact, so that nothing but the last steps may round: 1e9 + U(0,1) has its variance. */
function isBlurred({ result, declared }: AggregateCase, { value }: Exact, state: Value): boolean {
  const isWide = declared?.kind === 'bigint' || declared?.kind === 'decimal';
  if (isWide || result.kind !== 'double' || typeof value !== 'number' || typeof state !== 'number') return false;
  return ulps(value, state) > 64;
}

/** DuckDB's own sums overflow in silence: of doubles to an infinity, also on the way and in averages, of decimals beyond 38 digits; fsc's are NULL. */
function overflows(one: AggregateCase, exact: Exact, raw: Value): boolean {
  if (one.fn.name !== 'sum' && one.fn.name !== 'avg') return false;
  if (raw === Infinity || raw === -Infinity) return exact.size === Number.MAX_VALUE;
  return exact.value === null && typeof raw === 'bigint' && (raw < 0n ? -raw : raw) >= 10n ** 38n;
}

function nameOf(type: SqlType): string {
  const wanted = physicalType(type);
  if (wanted.kind === 'text') return 'VARCHAR';
  if (wanted.kind === 'real') return 'FLOAT';
  return wanted.kind === 'double' ? 'DOUBLE' : printType(wanted).toUpperCase();
}

describe('laws of aggregates', () => {
  it('nothing gives 0 for counts and NULL for the rest', async () => {
    const items = cases.map((one, i) => `${form(one, '', 'duckdb')} AS f${i}`).join(', ');
    const columns = await emitted.select(`SELECT ${items} FROM s WHERE false`);
    expect(cases.map((one, i) => [one.title, columns[i]?.values[0]])).toEqual(
      cases.map((one) => [one.title, one.fn.empty]),
    );
    expect(machine.create().values('lifetime', 0, END)).toBe(null);
  });

  it('any split of the events, in any order, gives the same bits', () => {
    for (let round = 0; round < 3; round++) {
      const random = new Random(SEED * 100 + round);
      const state = machine.create();
      const shuffled = [...all].map((event) => ({ event, key: random.next() })).sort((a, b) => a.key - b.key);
      for (let from = 0; from < shuffled.length; ) {
        const size = random.int(1, 200);
        state.ingest(shuffled.slice(from, from + size).map(({ event }) => event));
        from += size;
      }
      for (const span of SPANS) {
        for (const group of groups) expect(state.values(span, group, END)).toEqual(inOrder.values(span, group, END));
      }
    }
  });

  it('what a window gave up leaves no trace', () => {
    const settled = machine.create();
    let line = Number.NEGATIVE_INFINITY;
    for (const event of sorted(all)) {
      if (event.time > line) settled.settle(event.time);
      line = event.time;
      settled.ingest([event]);
    }
    settled.settle(END);
    const fresh = machine.create();
    fresh.ingest(sorted(all.filter((event) => event.time > END - HOUR)));
    for (const group of groups) {
      const young = fresh.values('hour', group, END);
      if (young !== null) expect(settled.values('hour', group, END)).toEqual(young);
      expect(settled.values('lifetime', group, END)).toEqual(inOrder.values('lifetime', group, END));
    }
  });
});
