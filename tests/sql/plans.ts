/** Plans built by hand, so that the SQL back end is tested apart from the parser and the planner. */
import type { FunctionTable } from '../../compiler/backends/sql/print-expr.ts';
import type {
  AggregateViewPlan,
  InstantBound,
  InstantWindow,
  Output,
  PlanExpr,
  RequestViewPlan,
  RowFrame,
  RowsViewPlan,
  Slot,
  ViewPlan,
} from '../../compiler/plan/plan.ts';
import type { AggregateSqlParts } from '../../runtime/functions/definition.ts';
import type { SourceSpec, ViewShape } from '../../runtime/values/manifest.ts';
import { plainColumn, plainSpec } from '../../runtime/values/plain-spec.ts';
import { printType, type SqlType, type Value } from '../../runtime/values/types.ts';

const SPAN = { start: 0, end: 0 };

export const T = {
  integer: { kind: 'integer' },
  bigint: { kind: 'bigint' },
  double: { kind: 'double' },
  boolean: { kind: 'boolean' },
  text: { kind: 'text', maxLength: null },
  timestamp: { kind: 'timestamp' },
  timestamptz: { kind: 'timestamptz' },
  money: { kind: 'decimal', precision: 12, scale: 2 },
} as const satisfies Record<string, SqlType>;

export function source(
  name: string,
  columns: Readonly<Record<string, SqlType>>,
  eventTime: string | null,
  key: readonly string[],
): SourceSpec {
  const names = Object.keys(columns);
  return {
    ...plainSpec(
      name,
      names.map((column) => plainColumn(column, columns[column]!)),
    ),
    kind: eventTime === null ? 'request' : 'log',
    eventTimeColumn: eventTime === null ? -1 : names.indexOf(eventTime),
    keyColumns: key.map((column) => names.indexOf(column)),
    fingerprint: 'fp1:test',
  };
}

export function column(from: SourceSpec, name: string): PlanExpr {
  const index = from.columns.findIndex((candidate) => candidate.name === name);
  return { kind: 'column', column: index, name, type: from.columns[index]!.type, span: SPAN };
}

export function constant(value: Value, type: SqlType): PlanExpr {
  return { kind: 'const', value, type, span: SPAN };
}

export function call(fn: string, type: SqlType, ...args: PlanExpr[]): PlanExpr {
  return { kind: 'call', fn, type, args, span: SPAN };
}

export function bound(offsetMicros: number, options: Partial<InstantBound> = {}): InstantBound {
  return { trunc: null, offsetMonths: 0, offsetMicros, inclusive: false, ...options };
}

export const WHOLE: InstantWindow = { lower: [], upper: [] };

export function last(micros: number, inclusive = false): InstantWindow {
  return { lower: [bound(-micros, { inclusive })], upper: [] };
}

interface CallOptions {
  readonly distinct?: boolean;
  readonly filter?: PlanExpr;
}

function aggregateCall(fn: string, arg: PlanExpr | null, type: SqlType, distinct = false) {
  return { fn, distinct, arg, argType: arg === null ? null : arg.type, type, span: SPAN };
}

export function aggregate(
  fn: string,
  arg: PlanExpr | null,
  type: SqlType,
  window: InstantWindow,
  options: CallOptions = {},
): Slot {
  return {
    kind: 'aggregate',
    call: aggregateCall(fn, arg, type, options.distinct),
    filter: options.filter ?? null,
    window,
    type,
  };
}

export function framed(
  fn: string,
  arg: PlanExpr | null,
  type: SqlType,
  frame: RowFrame,
  options: CallOptions = {},
): Slot {
  return {
    kind: 'frame',
    call: aggregateCall(fn, arg, type, options.distinct),
    filter: options.filter ?? null,
    frame,
    type,
  };
}

export function slotOutput(name: string, slot: number, type: SqlType): Output {
  return { name, span: SPAN, type, expr: { kind: 'slot', slot, type, span: SPAN } };
}

export function keyOutput(name: string, key: number, type: SqlType): Output {
  return { name, span: SPAN, type, expr: { kind: 'key', key, type, span: SPAN } };
}

export function output(name: string, expr: PlanExpr): Output {
  return { name, span: SPAN, type: expr.type, expr };
}

function base(
  name: string,
  shape: ViewShape,
  from: string,
  entity: readonly string[],
  outputs: readonly Output[],
  text: string,
) {
  return {
    spec: {
      name,
      shape,
      fingerprint: 'fp1:test',
      source: from,
      entity: entity.map((key) => ({
        name: key,
        type: outputs.find((candidate) => candidate.name === key)!.type,
        ordinal: outputs.findIndex((candidate) => candidate.name === key),
      })),
      features: [],
      joins: [],
      description: null,
      owner: null,
      stateNotes: [],
    },
    file: { path: `features/${name}.sql`, text },
    querySpan: { start: 0, end: text.length },
    outputs,
  };
}

interface LogParts {
  readonly name: string;
  readonly text: string;
  readonly source: SourceSpec;
  readonly entity: Readonly<Record<string, PlanExpr>>;
  readonly outputs: readonly Output[];
  readonly slots: readonly Slot[];
  readonly where?: PlanExpr;
  readonly whereWindow?: InstantWindow;
  readonly having?: PlanExpr;
}

export function aggregateView(parts: LogParts): AggregateViewPlan {
  return {
    kind: 'aggregate',
    ...base(parts.name, 'aggregate', parts.source.name, Object.keys(parts.entity), parts.outputs, parts.text),
    source: parts.source,
    entity: Object.values(parts.entity),
    where: parts.where ?? null,
    whereWindow: parts.whereWindow ?? WHOLE,
    slots: parts.slots,
    having: parts.having ?? null,
  };
}

export function rowsView(parts: LogParts): RowsViewPlan {
  return {
    kind: 'rows',
    ...base(parts.name, 'rows', parts.source.name, Object.keys(parts.entity), parts.outputs, parts.text),
    source: parts.source,
    entity: Object.values(parts.entity),
    where: parts.where ?? null,
    whereWindow: parts.whereWindow ?? WHOLE,
    slots: parts.slots,
  };
}

export function requestView(parts: {
  readonly name: string;
  readonly text: string;
  readonly request: SourceSpec;
  readonly joins: readonly { readonly view: ViewPlan; readonly inner: boolean; readonly keys: readonly PlanExpr[] }[];
  readonly outputs: readonly Output[];
  readonly where?: PlanExpr;
}): RequestViewPlan {
  return {
    kind: 'request',
    ...base(parts.name, 'request', parts.request.name, [], parts.outputs, parts.text),
    request: parts.request,
    joins: parts.joins.map((join) => ({ ...join, span: SPAN })),
    where: parts.where ?? null,
  };
}

const OPERATORS: Readonly<Record<string, string>> = { gt: '>', eq: '=', add: '+', concat: '||' };

/** Just enough functions, independent of runtime/functions. */
export const TEST_FUNCTIONS: FunctionTable = {
  scalar: (name) => {
    const form = (args: readonly string[]): string => `${args[0]} ${OPERATORS[name]} ${args[1]}`;
    return { sql: { duckdb: form, postgres: form } } as unknown as ReturnType<FunctionTable['scalar']>;
  },
  aggregate: (name) => {
    const form = (parts: AggregateSqlParts, types: { readonly result: SqlType }): string => {
      const rest = `${parts.filter} ${parts.over}`;
      const distinct = parts.distinct ? 'DISTINCT ' : '';
      if (name === 'count_star') return `count(*) ${rest}`;
      if (name === 'latest' || name === 'earliest') return `(array_agg(${parts.arg} ${parts.orderBy}) ${rest})[1]`;
      return `CAST(${name}(${distinct}${parts.arg}) ${rest} AS ${printType(types.result)})`;
    };
    return { sql: { duckdb: form, postgres: form } } as unknown as ReturnType<FunctionTable['aggregate']>;
  },
};
