/** The stream state as a machine for aggregates: a project of one source, compiled and run. */
import { emitProject } from '../../compiler/emit.ts';
import { compileProject } from '../../compiler/index.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import type { GroupState, Program } from '../../runtime/state/program.ts';
import type { ColumnBatch } from '../../runtime/values/batch.ts';
import { printType, type SqlType, type Value } from '../../runtime/values/types.ts';
import { batchOf } from '../batches.ts';
import { type AggregateCase, COLUMN_TYPES, type Event } from './aggregate-cases.ts';

const BIGINT: SqlType = { kind: 'bigint' };
const TIMESTAMP: SqlType = { kind: 'timestamp' };
const INTEGER: SqlType = { kind: 'integer' };

export type Span = 'lifetime' | 'hour';

/** The user's own spelling. `filter` follows it, or is ''. */
export function spelling({ fn, distinct, column }: AggregateCase, filter: string): string {
  const tail = filter === '' ? '' : ` ${filter}`;
  const argument = `c${column}`;
  switch (fn.name) {
    case 'count_star':
      return `count(*)${tail}`;
    case 'latest':
      return `(array_agg(${argument} ORDER BY ts DESC, id DESC)${tail})[1]`;
    case 'earliest':
      return `(array_agg(${argument} ORDER BY ts ASC, id ASC)${tail})[1]`;
    default:
      return `${fn.spellings[0]?.fn}(${distinct ? 'DISTINCT ' : ''}${argument})${tail}`;
  }
}

export class StateMachine {
  readonly #program: Program;
  readonly #cases: readonly AggregateCase[];

  constructor(cases: readonly AggregateCase[]) {
    this.#cases = cases;
    const columns = COLUMN_TYPES.map((type, i) => `c${i} ${printType(type)}`);
    const source = `-- @event_time ts\n-- @lateness 5 minutes\nCREATE TABLE s (id bigint NOT NULL PRIMARY KEY, ts timestamp NOT NULL, grp integer NOT NULL, ${columns.join(', ')});`;
    const view = (filter: string, tags: string): string =>
      `${tags}SELECT grp, ${cases.map((one, i) => `${spelling(one, filter)} AS f${i}`).join(', ')} FROM s GROUP BY grp`;
    const { plan, diagnostics } = compileProject(
      new Map([
        ['features/sources/s.sql', source],
        ['features/lifetime/v1.sql', view('', '-- @allow_unbounded_state\n')],
        ['features/hour/v1.sql', view("FILTER (WHERE ts > now() - INTERVAL '1 hour')", '')],
      ]),
    );
    if (plan === null) throw new Error(diagnostics.map((one) => `${one.code} ${one.message}`).join('; '));
    this.#program = loadProgram(emitProject(plan));
  }

  create(): State {
    return new State(this.#program, this.#cases.length);
  }
}

export class State {
  readonly #program: Program;
  readonly #states: readonly GroupState[];
  readonly #size: number;

  constructor(program: Program, size: number) {
    this.#program = program;
    this.#size = size;
    this.#states = program.groups.map((group) => group.create({ errors: { count: () => undefined }, entityHint: 0 }));
  }

  ingest(events: readonly Event[]): void {
    const batch = eventsBatch(events);
    const rows = Int32Array.from(events, (_, i) => i);
    for (const state of this.#states) state.ingest(batch, rows, events.length);
  }

  settle(line: number): void {
    for (const state of this.#states) state.settle(line);
  }

  /** The features of a group at an instant; null where the SELECT has no row. */
  values(span: Span, group: number, time: number): Value[] | null {
    const view = this.#program.views.find(({ spec }) => spec.name === `${span}_v1`);
    const state = this.#states[view?.group ?? -1];
    if (view === undefined || state === undefined) throw new Error(`no view ${span}`);
    const entity = state.entityId([group]);
    const slots: Value[] = [];
    if (entity < 0 || !state.probe(view.viewInGroup, entity, time, slots)) return null;
    const out: Value[] = [];
    const errors = { count: () => undefined };
    if (!view.project({ slots, keys: [group], nowMicros: time, request: [], features: [], errors }, out)) return null;
    return out.slice(1, this.#size + 1);
  }
}

function eventsBatch(events: readonly Event[]): ColumnBatch {
  const own = [BIGINT, TIMESTAMP, INTEGER];
  return batchOf(
    [...own, ...COLUMN_TYPES].map((type) => ({ type })),
    events.map(({ id, time, group, values }) => [id, time, group, ...values]),
  );
}
