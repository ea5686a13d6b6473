import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { instantText } from '../../compiler/backends/sql/print-const.ts';
import { printType, type Value } from '../../runtime/values/types.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { type AggregateCase, aggregateCases, END, events, START } from './aggregate-cases.ts';
import { filterOf, form, formOver, HOUR, instant, Seen, statements, withinDatabase } from './aggregate-judge.ts';
import { type Span, spelling } from './aggregate-state.ts';
import type { Exact } from './exact.ts';
import type { Answer } from './machines.ts';
import { PostgresMachine, pgName } from './postgres-machine.ts';
import { show } from './values.ts';

const SEED = Number(process.env.FSC_SEED ?? '1');
const INSTANTS = [START + 2.5 * HOUR, END];
const SPANS: readonly Span[] = ['lifetime', 'hour'];

const cases = aggregateCases();
const all = events(SEED);
const groups = [...new Set(all.map((event) => event.group))];
let server: PostgresServer;
let emitted: PostgresMachine;
let referee: PostgresMachine;
beforeAll(async () => {
  server = await startPostgres();
  emitted = await PostgresMachine.emitted(server, statements(all, 'postgres'));
  referee = await PostgresMachine.referee(server, statements(all, 'postgres'));
}, 120_000);
afterAll(async () => {
  await emitted.close();
  await referee.close();
  await server.stop();
}, 60_000);

const SHOWN = 4;

/** What Postgres's own text makes otherwise: no sum of numerics overflows, NaN has a spread, and that of whole numbers few digits. */
function isKnownOfPostgres({ fn, result, declared }: AggregateCase, { value }: Exact, raw: Value): boolean {
  if (value === null) {
    const beyond = result.kind === 'decimal' && typeof raw === 'bigint' && (raw < 0n ? -raw : raw) >= 10n ** 38n;
    return fn.name === 'sum' ? beyond : /^(var|stddev)/.test(fn.name) && Number.isNaN(raw);
  }
  const isWhole = declared?.kind !== 'double' && declared?.kind !== 'real';
  return isWhole && fn.name.startsWith('stddev') && Math.abs(Number(raw) / Number(value) - 1) < 1e-8;
}

/** One column a case, in the order of groups. */
function query(
  machine: PostgresMachine,
  spell: (one: AggregateCase) => string,
  from: string,
  of: readonly AggregateCase[] = cases,
): Promise<Answer[]> {
  return machine.evaluate(
    of.map((one) => ({ text: spell(one), type: one.result })),
    from,
  );
}

describe('aggregates: Postgres form = exact arithmetic = the text itself', () => {
  for (const span of SPANS) {
    for (const time of INSTANTS) {
      it(`${span} at ${instantText(time)}`, async () => {
        const filter = filterOf(span, time);
        const from = `FROM s WHERE ts <= ${instant(time)} GROUP BY grp ORDER BY grp`;
        const forms = await query(emitted, (one) => form(one, filter, 'postgres'), from);
        const raws = await query(referee, (one) => spelling(one, filter), from);
        const seen = new Seen(all, span, time);
        const present = groups.filter((group) => seen.present.has(group));
        const faults = cases.flatMap((one, n) => {
          const told: string[] = [];
          const answer = forms[n] as Answer;
          const compare = (
            what: string,
            values: readonly Value[],
            isKnown: (one: AggregateCase, exact: Exact, value: Value) => boolean,
          ): void => {
            present.forEach((group, at) => {
              const exact = seen.exactly(one, group);
              const count = all.filter((event) => event.group === group).length;
              const other = values[at] as Value;
              if (what === 'form' && Object.is(other, -0)) told.push(`group ${group}: minus zero`);
              if (!withinDatabase(one, exact, count, other) && !isKnown(one, exact, other))
                told.push(`group ${group}: exact ${show(exact.value)}, ${what} ${show(other)}`);
            });
          };
          if ('refused' in answer) told.push(`the form is refused: ${answer.refused}`);
          else {
            if (answer.type !== pgName(one.result)) told.push(`the form gives ${answer.type}`);
            compare('form', answer.values, () => false);
          }
          // Where the text aborts the referee runs the guarded form.
          const raw = raws[n] as Answer;
          if (!('refused' in raw)) compare('raw', raw.values, isKnownOfPostgres);
          return told.slice(0, SHOWN).map((text) => `${one.title} -> ${printType(one.result)}: ${text}`);
        });
        expect(faults).toEqual([]);
      });
    }
  }

  it('nothing gives 0 for counts and NULL for the rest', async () => {
    const answers = await query(emitted, (one) => form(one, '', 'postgres'), 'FROM s WHERE false');
    expect(answers.map((answer, i) => [cases[i]?.title, 'refused' in answer ? answer.refused : answer.values])).toEqual(
      cases.map((one) => [one.title, [one.fn.empty]]),
    );
  });

  it('texts differ and come in order by code point, whatever the collation of their column', async () => {
    const texts = cases.filter((one) => one.declared?.kind === 'text' && (one.distinct || /^m/.test(one.fn.name)));
    const name = `c${texts[0]?.column}`;
    const machine = await PostgresMachine.emitted(server, [
      "CREATE COLLATION deaf (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
      `CREATE TABLE deaf (${name} text COLLATE deaf)`,
      "INSERT INTO deaf VALUES ('b'), ('B'), ('é'), ('E'), ('Z'), ('z')",
    ]);
    const answers = await query(machine, (one) => form(one, '', 'postgres'), 'FROM deaf', texts);
    await machine.close();
    expect(answers.map((answer, i) => [texts[i]?.title, 'refused' in answer ? answer.refused : answer.values])).toEqual(
      [
        ['count(DISTINCT text)', [6]],
        ['min(text)', ['B']],
        ['max(text)', ['é']],
      ],
    );
  });

  it('in a window a form is taken, or says why there is none', async () => {
    const texts = cases.map((one) => formOver(one, '', 'OVER (PARTITION BY grp)', 'postgres'));
    const [ordered, distinct] = ['no ORDER BY in a window aggregate', 'no DISTINCT in a window function'];
    expect(cases.map((one, i) => [one.title, wordsOf(texts[i])])).toEqual(
      cases.map((one) => {
        const why = one.fn.orderSensitive ? ordered : one.distinct ? distinct : null;
        return [one.title, why === null ? 'taken' : `Postgres has ${why}`];
      }),
    );
    const said = cases.flatMap(({ result: type }, i) => {
      const text = texts[i];
      return typeof text === 'string' ? [{ text, type }] : [];
    });
    const answers = await emitted.evaluate(said, 'FROM s WHERE grp < 3 ORDER BY id');
    expect(answers.flatMap((answer) => ('refused' in answer ? [answer.refused] : []))).toEqual([]);
  });
});

function wordsOf(text: ReturnType<typeof formOver> | undefined): string | undefined {
  return typeof text === 'string' ? 'taken' : text?.unsupported;
}
