import { dateText, decimalText, timestampText } from '../reference/values.ts';
import { Random } from './random.ts';
import { restyleSource, restyleView, split } from './restyle.ts';
import type {
  Expr,
  FrameBound,
  LiteralExpr,
  Over,
  RequestSpec,
  RequestView,
  SourceSpec,
  Type,
  ViewSpec,
} from './view-spec.ts';

export const printType = (type: Type): string => {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`;
    case 'double':
      return 'double precision';
    case 'text':
      return type.max === undefined ? 'text' : `varchar(${type.max})`;
    default:
      return type.kind;
  }
};

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export const printLiteral = (expr: LiteralExpr): string => {
  const { type, value } = expr;
  if (expr.text !== undefined) return expr.text;
  if (value === null) return `CAST(NULL AS ${printType(type)})`;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return `CAST(${quote(String(value))} AS ${printType(type)})`;
  if (typeof value === 'bigint') {
    switch (type.kind) {
      case 'decimal':
        return decimalText(value, type.scale);
      case 'date':
        return `DATE '${dateText(value)}'`;
      case 'timestamp':
      case 'timestamptz':
        return `TIMESTAMP '${timestampText(value)}'`;
      default:
        return String(value);
    }
  }
  throw new Error('an interval literal needs its text');
};

/** Precedence of Postgres and DuckDB, loosest first. */
const LEVEL = {
  or: 1,
  and: 2,
  not: 3,
  is: 4,
  comparison: 5,
  range: 6,
  other: 7,
  sum: 8,
  product: 9,
  minus: 10,
  atom: 11,
};

const binaryLevel = (op: string): number => {
  switch (op) {
    case 'or':
      return LEVEL.or;
    case 'and':
      return LEVEL.and;
    case 'like':
    case 'not like':
      return LEVEL.range;
    case 'is distinct from':
    case 'is not distinct from':
      return LEVEL.is;
    case '||':
      return LEVEL.other;
    case '+':
    case '-':
      return LEVEL.sum;
    case '*':
    case '/':
    case '%':
      return LEVEL.product;
    default:
      return LEVEL.comparison;
  }
};

interface Names {
  readonly eventTime: string;
  readonly key: readonly string[];
}

const upperOp = (op: string): string => op.toUpperCase();

const filterText = (filter: readonly Expr[], names: Names): string =>
  filter.length === 0 ? '' : ` FILTER (WHERE ${conjunction(filter, names)})`;

const conjunction = (exprs: readonly Expr[], names: Names): string =>
  exprs.map((e) => print(e, names, exprs.length > 1 ? LEVEL.and + 1 : 0)).join(' AND ');

const bound = (b: FrameBound, side: 'start' | 'end'): string => {
  switch (b.kind) {
    case 'unbounded':
      return side === 'start' ? 'UNBOUNDED PRECEDING' : 'UNBOUNDED FOLLOWING';
    case 'current':
      return 'CURRENT ROW';
    case 'rows':
      return `${b.rows} PRECEDING`;
    case 'range':
      return `INTERVAL '${b.text}' PRECEDING`;
  }
};

const overBody = (over: Over, names: Names): string => {
  const order = over.order === 'time' ? [names.eventTime] : [names.eventTime, ...names.key];
  let text = `PARTITION BY ${over.partition.join(', ')} ORDER BY ${order.join(', ')}`;
  if (over.frame) {
    const { mode, start, end, short } = over.frame;
    text += short
      ? ` ${mode.toUpperCase()} ${bound(start, 'start')}`
      : ` ${mode.toUpperCase()} BETWEEN ${bound(start, 'start')} AND ${bound(end, 'end')}`;
  }
  return text;
};

const raw = (expr: Expr, names: Names): { text: string; level: number } => {
  const atom = (text: string): { text: string; level: number } => ({ text, level: LEVEL.atom });
  const at = (e: Expr, level: number): string => print(e, names, level);
  switch (expr.node) {
    case 'column':
      return atom(expr.table === undefined ? expr.name : `${expr.table}.${expr.name}`);
    case 'literal': {
      const text = printLiteral(expr);
      return { text, level: text.startsWith('-') ? LEVEL.minus : LEVEL.atom };
    }
    case 'now':
      return atom('now()');
    case 'binary': {
      const level = binaryLevel(expr.op);
      // Comparisons and the like are written without chaining; - / % keep their right side apart.
      const loose = level === LEVEL.comparison || level === LEVEL.range || level === LEVEL.is;
      const right = loose ? LEVEL.other : level === LEVEL.or || level === LEVEL.and ? level : level + 1;
      return {
        text: `${at(expr.left, loose ? LEVEL.other : level)} ${upperOp(expr.op)} ${at(expr.right, right)}`,
        level,
      };
    }
    case 'unary':
      if (expr.op === 'not') return { text: `NOT ${at(expr.arg, LEVEL.not + 1)}`, level: LEVEL.not };
      if (expr.op === '-') return { text: `-${at(expr.arg, LEVEL.atom)}`, level: LEVEL.minus };
      return { text: `${at(expr.arg, LEVEL.other)} ${upperOp(expr.op)}`, level: LEVEL.is };
    case 'between':
      return {
        text: `${at(expr.arg, LEVEL.other)} ${expr.negated ? 'NOT ' : ''}BETWEEN ${at(expr.low, LEVEL.other)} AND ${at(expr.high, LEVEL.other)}`,
        level: LEVEL.range,
      };
    case 'in':
      return {
        text: `${at(expr.arg, LEVEL.other)} ${expr.negated ? 'NOT ' : ''}IN (${expr.list.map((e) => at(e, 0)).join(', ')})`,
        level: LEVEL.range,
      };
    case 'case': {
      const whens = expr.whens.map((w) => `WHEN ${at(w.when, 0)} THEN ${at(w.result, 0)}`).join(' ');
      const otherwise = expr.otherwise === undefined ? '' : ` ELSE ${at(expr.otherwise, 0)}`;
      return atom(`CASE ${whens}${otherwise} END`);
    }
    case 'cast':
      return atom(
        expr.short
          ? `${at(expr.arg, LEVEL.atom)}::${printType(expr.type)}`
          : `CAST(${at(expr.arg, 0)} AS ${printType(expr.type)})`,
      );
    case 'call': {
      const args = expr.args.map((e) => at(e, 0)).join(', ');
      if (expr.fn === 'extract') return atom(`extract(${expr.unit} FROM ${args})`);
      if (expr.unit !== undefined) return atom(`${expr.fn}('${expr.unit}', ${args})`);
      return atom(`${expr.fn}(${args})`);
    }
    case 'aggregate': {
      const arg = expr.arg === undefined ? '*' : at(expr.arg, 0);
      if (expr.fn === 'latest' || expr.fn === 'earliest') {
        const direction = expr.fn === 'latest' ? 'DESC' : 'ASC';
        const order = [names.eventTime, ...names.key].map((c) => `${c} ${direction}`).join(', ');
        return atom(`(array_agg(${arg} ORDER BY ${order})${filterText(expr.filter, names)})[1]`);
      }
      return atom(`${expr.fn}(${expr.distinct ? 'DISTINCT ' : ''}${arg})${filterText(expr.filter, names)}`);
    }
    case 'window': {
      const args = expr.fn === 'count' && expr.args.length === 0 ? '*' : expr.args.map((e) => at(e, 0)).join(', ');
      const over = expr.over.name ?? `(${overBody(expr.over, names)})`;
      return atom(`${expr.fn}(${args})${filterText(expr.filter, names)} OVER ${over}`);
    }
  }
};

const print = (expr: Expr, names: Names, level: number): string => {
  const out = raw(expr, names);
  return out.level < level ? `(${out.text})` : out.text;
};

export const printExpr = (expr: Expr, names: Names = { eventTime: 'event_time', key: [] }): string =>
  print(expr, names, 0);

export const children = (expr: Expr): readonly Expr[] => {
  switch (expr.node) {
    case 'column':
    case 'literal':
    case 'now':
      return [];
    case 'binary':
      return [expr.left, expr.right];
    case 'unary':
    case 'cast':
      return [expr.arg];
    case 'between':
      return [expr.arg, expr.low, expr.high];
    case 'in':
      return [expr.arg, ...expr.list];
    case 'case':
      return [
        ...expr.whens.flatMap((w) => [w.when, w.result]),
        ...(expr.otherwise === undefined ? [] : [expr.otherwise]),
      ];
    case 'call':
      return expr.args;
    case 'aggregate':
      return expr.arg === undefined ? expr.filter : [expr.arg, ...expr.filter];
    case 'window':
      return [...expr.args, ...expr.filter];
  }
};

export const walk = (expr: Expr, visit: (e: Expr) => void): void => {
  visit(expr);
  for (const child of children(expr)) walk(child, visit);
};

const outputLine = (name: string, expr: Expr, names: Names): string => {
  const text = printExpr(expr, names);
  return expr.node === 'column' && expr.name === name ? text : `${text} AS ${name}`;
};

/** The view's statement, without the leading comment. */
export const printSelect = (view: ViewSpec, source: SourceSpec): string => {
  const names: Names = { eventTime: source.eventTime, key: source.key };
  const outputs = view.shape === 'A' ? [...view.keys, ...view.outputs] : view.outputs;
  const lines = ['SELECT', outputs.map((o) => `  ${outputLine(o.name, o.expr, names)}`).join(',\n')];
  if (view.shape === 'D') {
    lines.push(`FROM ${view.request} ${view.alias}`, ...requestJoins(view));
    return lines.join('\n');
  }
  lines.push(`FROM ${view.source}`);
  if (view.where.length > 0) lines.push(`WHERE ${conjunction(view.where, names)}`);
  if (view.shape === 'A') {
    lines.push(`GROUP BY ${view.keys.map((k) => printExpr(k.expr, names)).join(', ')}`);
    if (view.having !== undefined) lines.push(`HAVING ${printExpr(view.having, names)}`);
    return lines.join('\n');
  }
  const named = new Map<string, Over>();
  for (const output of view.outputs)
    walk(output.expr, (e) => {
      if (e.node === 'window' && e.over.name !== undefined) named.set(e.over.name, e.over);
    });
  if (named.size > 0)
    lines.push(`WINDOW ${[...named].map(([name, over]) => `${name} AS (${overBody(over, names)})`).join(', ')}`);
  return lines.join('\n');
};

const requestJoins = (view: RequestView): string[] =>
  view.joins.map((j) => {
    const on = j.on.map((p) => `${j.alias}.${p.key} = ${view.alias}.${p.request}`).join(' AND ');
    return `${j.kind === 'left' ? 'LEFT JOIN' : 'JOIN'} ${j.view} ${j.alias} ON ${on}`;
  });

/** The file features/<view>/v1.sql. */
export const printView = (view: ViewSpec, source: SourceSpec): string => {
  const tags = ['-- @owner random'];
  if (view.shape === 'B' && view.entityTag) tags.push(`-- @entity ${view.entity.join(', ')}`);
  return `${tags.join('\n')}\n${printSelect(view, source)}\n`;
};

/** The file features/sources/<name>.sql. */
export const printSource = (source: SourceSpec): string => {
  const tags = [`-- @event_time ${source.eventTime}`];
  if (source.latenessTag) tags.push(`-- @lateness ${source.lateness.text}`);
  if (source.maxAhead !== undefined) tags.push(`-- @max_ahead ${source.maxAhead.text}`);
  if (source.partition !== undefined) tags.push(`-- @partition ${source.partition}`);
  if (source.only !== undefined) tags.push(`-- @only ${printExpr(source.only)}`);
  if (source.key.length === 0) tags.push('-- @key none');
  for (const c of source.columns) {
    if (c.from === undefined) continue;
    const unit = c.from.unit === undefined ? '' : ` ${c.from.unit}`;
    tags.push(`-- @from ${c.name} ${c.from.path.join('.')}${unit}`);
  }
  const columns = source.columns.map((c) => {
    const parts = [c.name, printType(c.type)];
    if (c.fallback !== undefined) parts.push(`DEFAULT ${printLiteral(c.fallback)}`);
    if (c.notNull) parts.push('NOT NULL');
    if (source.key.length === 1 && source.key[0] === c.name) parts.push('PRIMARY KEY');
    if (c.check !== undefined) parts.push(`CHECK (${printExpr(c.check)})`);
    return `  ${parts.join(' ')}`;
  });
  if (source.key.length > 1) columns.push(`  PRIMARY KEY (${source.key.join(', ')})`);
  return `${tags.join('\n')}\nCREATE TABLE ${source.name} (\n${columns.join(',\n')}\n);\n`;
};

export const printRequest = (request: RequestSpec): string => {
  const columns = request.columns.map((c) => `  ${c.name} ${printType(c.type)}${c.notNull ? ' NOT NULL' : ''}`);
  return `-- @kind request\nCREATE TABLE ${request.name} (\n${columns.join(',\n')}\n);\n`;
};

/** Every file under features/, by its path; with a style, as somebody else would write them. */
export const printFiles = (
  source: SourceSpec,
  request: RequestSpec | undefined,
  views: readonly ViewSpec[],
  style?: number,
): Record<string, string> => {
  const files: Record<string, string> = { [`features/sources/${source.name}.sql`]: printSource(source) };
  if (request !== undefined) files[`features/sources/${request.name}.sql`] = printRequest(request);
  for (const view of views) files[`features/${view.name}/v1.sql`] = printView(view, source);
  if (style === undefined) return files;
  const random = new Random(style);
  const path = `features/sources/${source.name}.sql`;
  files[path] = restyleSource(files[path]!, random);
  for (const view of views) {
    const [tags, statement] = split(files[`features/${view.name}/v1.sql`]!);
    const isPlain = view.shape !== 'D';
    const columns = isPlain ? source.columns.map((column) => column.name) : [];
    const context = { random, columns, relation: isPlain ? source.name : '', isPlain };
    files[`features/${view.name}/v1.sql`] = tags + restyleView(statement, context);
  }
  return files;
};
