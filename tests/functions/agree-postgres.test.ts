import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCALARS } from '../../runtime/functions/index.generated.ts';
import { printType, type Value } from '../../runtime/values/types.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { agrees } from './agreement.ts';
import { callsOf, formOf, kernelOf, rawOf } from './calls.ts';
import { divergenceOf } from './divergences.ts';
import { PostgresMachine, pgName } from './postgres-machine.ts';
import { Sample } from './sample.ts';
import { show } from './values.ts';

const SEED = Number(process.env.FSC_SEED ?? '1');
const ROWS = Number(process.env.FSC_ROWS ?? '120');
/** Faults that are shown of one call. */
const SHOWN = 3;
/** Rows on which the text itself is tried, one by one. */
const RAW_ROWS = Math.min(ROWS, 20);

const sample = new Sample(SEED, ROWS);
let server: PostgresServer;
let machine: PostgresMachine;
let referee: PostgresMachine;
beforeAll(async () => {
  server = await startPostgres();
  machine = await PostgresMachine.emitted(server, sample.statements('postgres'));
  referee = await PostgresMachine.referee(server, sample.statements('postgres'));
}, 120_000);
afterAll(async () => {
  await machine.close();
  await referee.close();
  await server.stop();
}, 60_000);

describe('kernel = Postgres form = the text itself', () => {
  for (const fn of SCALARS) {
    it(fn.name, async () => {
      const calls = callsOf(fn);
      const forms = await machine.evaluate(
        calls.map((call) => ({
          text: formOf(call, sample.texts(call, 'postgres'), 'postgres'),
          type: call.types.result,
        })),
      );
      const raws = await referee.raw(
        calls.map((call) => ({ text: rawOf(call, sample.texts(call, 'postgres')), type: call.types.result })),
        RAW_ROWS,
      );
      const faults: string[] = [];
      calls.forEach((call, n) => {
        const rows = sample.argumentsOf(call);
        const form = forms[n];
        if (form === undefined) throw new Error('an answer is missing');
        const told: string[] = [];
        if ('refused' in form) told.push(`the form is refused: ${form.refused}`);
        else {
          if (form.type !== pgName(call.types.result)) told.push(`the form gives ${form.type}`);
          rows.map(kernelOf(call)).forEach((value, row) => {
            const other = form.values[row] as Value;
            if (Object.is(other, -0)) told.push(`minus zero over (${(rows[row] as Value[]).map(show).join(', ')})`);
            const args = rows[row] as Value[];
            if (!agrees(call, args, value, other))
              told.push(`over (${args.map(show).join(', ')}) kernel ${show(value)}, form ${show(other)}`);
          });
        }
        const raw = raws[n];
        if (raw === undefined || 'refused' in raw) told.push(`the text is refused: ${raw?.refused}`);
        else {
          rows
            .slice(0, RAW_ROWS)
            .map(kernelOf(call))
            .forEach((value, row) => {
              const args = rows[row] as Value[];
              const other = raw.values[row] as Value;
              // Where it aborts the referee runs the guarded form.
              if (raw.aborted[row] === true || agrees(call, args, value, other)) return;
              if (divergenceOf({ dialect: 'postgres', call, args, value, raw: other, aborted: false }) === null)
                told.push(`over (${args.map(show).join(', ')}) kernel ${show(value)}, raw ${show(other)}`);
            });
        }
        faults.push(...told.slice(0, SHOWN).map((text) => `${call.title} -> ${printType(call.types.result)}: ${text}`));
      });
      expect(faults).toEqual([]);
    });
  }
});
