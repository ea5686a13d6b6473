/** Our trees as plain nested lists, to compare with the Postgres grammar's. */
import type {
  CallExpr,
  Expr,
  FrameBound,
  FromItem,
  OrderItem,
  Query,
  Select,
  TypeName,
  WindowRef,
  WindowSpec,
} from '../../compiler/parse/ast.ts';

export type Shape = string | number | boolean | null | readonly Shape[];

const TYPES: Record<string, string> = {
  bigint: 'int8',
  integer: 'int4',
  int: 'int4',
  smallint: 'int2',
  decimal: 'numeric',
  dec: 'numeric',
  real: 'float4',
  'double precision': 'float8',
  boolean: 'bool',
  'character varying': 'varchar',
  'timestamp with time zone': 'timestamptz',
  'timestamp without time zone': 'timestamp',
};

const UNIT_MASKS: Record<string, number> = { year: 4, month: 2, day: 8, hour: 1024, minute: 2048, second: 4096 };

export class Unsupported extends Error {}

function typeShape(type: TypeName): Shape {
  return ['type', TYPES[type.name] ?? type.name, ...type.args];
}

export function constant(text: string): Shape {
  return /^\d+$/.test(text) && Number(text) <= 2147483647 ? ['int', Number(text)] : ['float', text];
}

/** Postgres folds the sign into a number at once. */
export function negate(operand: Shape): Shape {
  if (Array.isArray(operand) && operand[0] === 'int') return ['int', -(operand[1] as number) + 0];
  if (Array.isArray(operand) && operand[0] === 'float') {
    const text = operand[1] as string;
    return ['float', text.startsWith('-') ? text.slice(1) : `-${text}`];
  }
  return ['op', '-', operand];
}

export function chain(kind: string, operands: readonly Shape[]): Shape {
  const flat = operands.flatMap((operand): readonly Shape[] =>
    Array.isArray(operand) && operand[0] === kind ? operand.slice(1) : [operand],
  );
  return [kind, ...flat];
}

export function exprShape(expr: Expr): Shape {
  switch (expr.kind) {
    case 'number':
      return constant(expr.text);
    case 'string':
      return ['string', expr.value];
    case 'boolean':
      return ['bool', expr.value];
    case 'null':
      return ['null'];
    case 'typedString':
      return ['cast', ['string', expr.value], typeShape(expr.type)];
    case 'interval': {
      const mask = (expr.unit ?? '').split(' to ').map((unit) => UNIT_MASKS[unit] ?? 0);
      return [
        'cast',
        ['string', expr.value],
        expr.unit === null ? ['type', 'interval'] : ['type', 'interval', mask[0]!],
      ];
    }
    case 'column':
      return ['column', ...(expr.qualifier === null ? [] : [expr.qualifier.name]), expr.name.name];
    case 'star':
      return ['column', ...(expr.qualifier === null ? [] : [expr.qualifier.name]), '*'];
    case 'unary':
      return expr.op === '-' ? negate(exprShape(expr.operand)) : ['op', '+', exprShape(expr.operand)];
    case 'not':
      return ['not', exprShape(expr.operand)];
    case 'and':
    case 'or':
      return chain(expr.kind, expr.operands.map(exprShape));
    case 'binary':
      return ['op', expr.op, exprShape(expr.left), exprShape(expr.right)];
    case 'isNull':
      return ['isnull', expr.negated, exprShape(expr.operand)];
    case 'isBoolean':
      return ['isbool', `${expr.negated ? 'IS_NOT' : 'IS'}_${expr.value ? 'TRUE' : 'FALSE'}`, exprShape(expr.operand)];
    case 'isDistinct':
      return ['distinct', expr.negated, exprShape(expr.left), exprShape(expr.right)];
    case 'between':
      return ['between', expr.negated, exprShape(expr.operand), exprShape(expr.low), exprShape(expr.high)];
    case 'in':
      return ['in', expr.negated, exprShape(expr.operand), ...expr.list.map(exprShape)];
    case 'like':
      return ['like', expr.negated, exprShape(expr.operand), exprShape(expr.pattern)];
    case 'case':
      return [
        'case',
        expr.operand === null ? null : exprShape(expr.operand),
        ...expr.whens.map(({ when, then: result }) => [exprShape(when), exprShape(result)]),
        expr.otherwise === null ? null : exprShape(expr.otherwise),
      ];
    case 'cast':
      return ['cast', exprShape(expr.operand), typeShape(expr.type)];
    case 'extract':
      return ['call', 'extract', ['string', expr.field], exprShape(expr.operand)];
    case 'subscript':
      return ['subscript', exprShape(expr.operand), exprShape(expr.index)];
    case 'call':
      return callShape(expr);
    case 'unsupported':
      throw new Unsupported(expr.what);
  }
}

const BARE = ['current_timestamp', 'current_date', 'current_time', 'localtimestamp', 'localtime'];

function callShape(call: CallExpr): Shape {
  if (BARE.includes(call.name)) return ['bare', call.name];
  const extra: Shape[] = [];
  if (call.star) extra.push('star');
  if (call.distinct) extra.push('distinct');
  if (call.orderBy.length > 0) extra.push(['order', ...call.orderBy.map(orderShape)]);
  if (call.filter !== null) extra.push(['filter', exprShape(call.filter)]);
  if (call.over !== null) extra.push(['over', overShape(call.over)]);
  return ['call', call.name, ...call.args.map(exprShape), ...extra];
}

function orderShape(item: OrderItem): Shape {
  return [exprShape(item.expr), item.direction, item.nulls];
}

function overShape(over: WindowRef): Shape {
  return over.kind === 'named' ? ['named', over.name.name] : windowShape(over.spec);
}

/** The frame as Postgres' option bits, without BETWEEN, which says nothing. */
function windowShape(spec: WindowSpec): Shape {
  const base = [
    spec.base?.name ?? null,
    ['partition', ...spec.partitionBy.map(exprShape)],
    ['order', ...spec.orderBy.map(orderShape)],
  ];
  if (spec.frame === null) return ['window', ...base, 1058, null, null];
  const { mode, start, end, exclude } = spec.frame;
  const bits =
    1 |
    { range: 2, rows: 4, groups: 8 }[mode] |
    boundBit(start) |
    (boundBit(end) << 1) |
    { 'current row': 0x8000, group: 0x10000, ties: 0x20000, 'no others': 0 }[exclude?.what ?? 'no others'];
  return ['window', ...base, bits, offsetShape(start), offsetShape(end)];
}

function boundBit(bound: FrameBound): number {
  return { unboundedPreceding: 0x20, unboundedFollowing: 0x80, currentRow: 0x200, preceding: 0x800, following: 0x2000 }[
    bound.kind
  ];
}

function offsetShape(bound: FrameBound): Shape {
  return bound.kind === 'preceding' || bound.kind === 'following' ? exprShape(bound.offset) : null;
}

export function queryShape(query: Query): Shape {
  const ctes = query.ctes.map((cte) => [
    cte.name.name,
    (cte.columns ?? []).map((column) => column.name),
    queryShape(cte.query),
  ]);
  if (query.setOps.length > 0) throw new Unsupported('set operation');
  return ['query', ctes, selectShape(query.body)];
}

function selectShape(select: Select): Shape {
  if (select.groupingSets !== null) throw new Unsupported('grouping sets');
  let from: Shape = select.from === null ? null : fromShape(select.from);
  const extra: Shape[] = [];
  for (const join of select.joins) {
    if (join.type === 'natural' || join.type === 'asof') throw new Unsupported(join.type);
    if (join.type === 'comma') {
      extra.push(from);
      from = fromShape(join.item);
      continue;
    }
    const using = join.using === null ? null : join.using.map((column) => column.name);
    const type = join.type === 'cross' ? 'inner' : join.type;
    from = ['join', type, from, fromShape(join.item), join.on === null ? null : exprShape(join.on), using];
  }
  return [
    'select',
    select.distinct === null ? null : select.distinct.on,
    select.items.map((item) => [item.alias?.name ?? null, exprShape(item.expr)]),
    from === null ? [] : [...extra, from],
    select.where === null ? null : exprShape(select.where),
    select.groupBy.map(exprShape),
    select.having === null ? null : exprShape(select.having),
    select.windows.map((window) => [window.name.name, windowShape(window.spec)]),
    select.orderBy.map(orderShape),
    select.limit !== null,
    select.offset !== null,
  ];
}

function fromShape(item: FromItem): Shape {
  switch (item.kind) {
    case 'table':
      return ['table', item.schema?.name ?? null, item.name.name, item.alias?.name ?? null];
    case 'subquery':
      return ['subquery', item.lateral, queryShape(item.query), item.alias?.name ?? null];
    case 'unsupported':
      throw new Unsupported(item.what);
  }
}
