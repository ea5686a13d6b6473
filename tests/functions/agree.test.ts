import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCALARS } from '../../runtime/functions/index.generated.ts';
import { printType, type SqlType, type Value } from '../../runtime/values/types.ts';
import { agrees } from './agreement.ts';
import { type Call, callsOf, formOf, kernelOf, rawOf, sameType } from './calls.ts';
import { divergenceOf } from './divergences.ts';
import { DuckDbMachine, physicalType } from './machines.ts';
import { Sample } from './sample.ts';
import { show, sqlTypeName } from './values.ts';

const SEED = Number(process.env.FSC_SEED ?? '1');
const ROWS = Number(process.env.FSC_ROWS ?? '120');
/** Faults that are shown of one call. */
const SHOWN = 3;

const sample = new Sample(SEED, ROWS);
let emitted: DuckDbMachine;
let referee: DuckDbMachine;
beforeAll(async () => {
  emitted = await DuckDbMachine.emitted(sample.statements('duckdb', physicalType));
  referee = await DuckDbMachine.referee(sample.statements('duckdb'));
}, 120_000);
afterAll(() => {
  emitted.close();
  referee.close();
}, 60_000);

describe('kernel = DuckDB form = the text itself', () => {
  for (const fn of SCALARS) {
    it(fn.name, async () => {
      const calls = callsOf(fn);
      // Where nothing resolves, nothing differs.
      expect(calls.length).toBeGreaterThan(0);
      const forms = await emitted.evaluate(calls.map((call) => formOf(call, sample.texts(call, 'duckdb'), 'duckdb')));
      const raws = await referee.evaluate(calls.map((call) => `TRY(${rawOf(call, sample.texts(call, 'duckdb'))})`));
      const typed = await referee.evaluate(
        calls.map(
          (call) =>
            `TRY(CAST(${rawOf(call, sample.texts(call, 'duckdb'))} AS ${sqlTypeName(call.types.result, 'duckdb')}))`,
        ),
      );
      const faults: string[] = [];
      calls.forEach((call, n) => {
        const rows = sample.argumentsOf(call);
        const values = rows.map(kernelOf(call));
        const told: string[] = [];
        rows.forEach((args, row) => {
          if (isUncounted(call, args, values[row] as Value)) told.push(`${where(args)} NULL, which canFail denies`);
        });
        const [form, raw, cast] = [forms[n], raws[n], typed[n]];
        if (form === undefined || raw === undefined || cast === undefined) throw new Error('an answer is missing');
        if ('refused' in form) told.push(`the form is refused: ${form.refused}`);
        else {
          if (form.type !== duckdbName(call.types.result)) told.push(`the form gives ${form.type}`);
          values.forEach((value, row) => {
            const other = form.values[row] as Value;
            if (Object.is(other, -0) || Object.is(value, -0)) told.push(`minus zero ${where(rows[row])}`);
            if (!agrees(call, rows[row] as Value[], value, other))
              told.push(`${where(rows[row])} kernel ${show(value)}, form ${show(other)}`);
          });
        }
        if ('refused' in raw || 'refused' in cast)
          told.push(`the text is refused: ${JSON.stringify(raw).slice(0, 300)}`);
        else {
          values.forEach((value, row) => {
            const other = cast.values[row] as Value;
            if (agrees(call, rows[row] as Value[], value, other) && !losesDigits(call, raw.type)) return;
            const aborted = raw.values[row] === null;
            if (
              divergenceOf({ dialect: 'duckdb', call, args: rows[row] as Value[], value, raw: other, aborted }) === null
            )
              told.push(
                `${where(rows[row])} kernel ${show(value)}, raw ${aborted ? 'aborts or NULL' : show(other)} (${raw.type})`,
              );
          });
        }
        faults.push(...told.slice(0, SHOWN).map((text) => `${call.title} -> ${printType(call.types.result)}: ${text}`));
      });
      expect(faults).toEqual([]);
    });
  }
});

/** A NULL out of arguments that are none is an expression error, and what cannot fail is not looked at. (A cast of an argument is a call of its own.) */
function isUncounted({ fn, types, declared }: Call, args: readonly Value[], value: Value): boolean {
  if (!declared.every((type, i) => sameType(type, types.args[i] as SqlType))) return false;
  return value === null && fn.strict && args.every((arg) => arg !== null) && !fn.canFail(types);
}

function where(args: readonly Value[] | undefined): string {
  return `over (${(args ?? []).map(show).join(', ')})`;
}

/** The text's own type has more digits after the point than the cast to fsc's type leaves. */
function losesDigits(call: Call, rawType: string): boolean {
  const scale = /^DECIMAL\(\d+,(\d+)\)$/.exec(rawType)?.[1];
  const { result } = call.types;
  if (scale === undefined || result.kind === 'double') return false;
  return Number(scale) > (result.kind === 'decimal' ? result.scale : 0);
}

function duckdbName(type: SqlType): string {
  const wanted = physicalType(type);
  switch (wanted.kind) {
    case 'text':
      return 'VARCHAR';
    case 'double':
      return 'DOUBLE';
    case 'real':
      return 'FLOAT';
    default:
      return printType(wanted).toUpperCase();
  }
}
