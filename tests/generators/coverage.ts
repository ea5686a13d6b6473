/** What a set of cases exercises, as counters that a test can assert on. */
import { judge } from '../reference/verdicts.ts';
import { badFormOf } from './domains.ts';
import { printType, walk } from './print-sql.ts';
import type { BetweenExpr, BinaryExpr, Case, Expr, Interval, LogLine, Type, Value, ViewSpec } from './view-spec.ts';
import { versioned } from './view-spec.ts';

export type Coverage = Map<string, number>;

const typeName = (type: Type): string =>
  type.kind === 'decimal' ? 'decimal' : type.kind === 'text' ? 'text' : printType(type);

/** Names of what one expression uses, such as `sum:integer`, `window:>:now-interval`. */
const visit = (expr: Expr, eventTime: string, hit: (name: string) => void): void => {
  walk(expr, (e) => {
    switch (e.node) {
      case 'aggregate': {
        const arg = e.arg === undefined ? '*' : typeName(e.arg.type);
        hit(`aggregate:${e.distinct ? 'count distinct' : e.fn}:${arg}`);
        if (e.filter.length > 0) hit('aggregate:filter');
        break;
      }
      case 'window': {
        const arg = e.args[0] === undefined ? '*' : typeName(e.args[0].type);
        hit(`over:${e.fn}:${arg}`);
        const f = e.over.frame;
        hit(f === undefined ? `frame:default:${e.over.order}` : `frame:${f.mode}:${f.start.kind}-${f.end.kind}`);
        if (e.over.name !== undefined) hit('frame:named');
        if (e.filter.length > 0) hit('over:filter');
        break;
      }
      case 'call':
        hit(`scalar:${e.fn}${e.args[0] === undefined ? '' : `:${typeName(e.args[0].type)}`}`);
        if (e.unit !== undefined) hit(`unit:${e.fn}:${e.unit}`);
        break;
      case 'cast':
        hit(`cast:${typeName(e.arg.type)}:${typeName(e.type)}`);
        break;
      case 'case':
        hit('scalar:case');
        break;
      case 'in':
        hit(`predicate:${e.negated ? 'not ' : ''}in:${typeName(e.arg.type)}`);
        break;
      case 'between': {
        hit(`predicate:${e.negated ? 'not ' : ''}between:${typeName(e.arg.type)}`);
        if (e.arg.node === 'now') hit('window:between:now');
        else if (isAge(e.arg, eventTime)) hit('window:between:age');
        else if (isColumn(e.arg, eventTime)) visitBetween(e, hit);
        break;
      }
      case 'unary':
        hit(`operator:${e.op}`);
        break;
      case 'binary': {
        hit(`operator:${e.op}:${typeName(e.left.type)}`);
        if (e.type.kind === 'boolean') visitWindow(e, eventTime, hit);
        break;
      }
      default:
    }
  });
};

/** A comparison as the bound of a window, if it is one. */
const visitWindow = ({ op, left, right }: BinaryExpr, eventTime: string, hit: (name: string) => void): void => {
  if (isAge(left, eventTime)) hit(`window:${op}:age`);
  if (isAge(right, eventTime)) hit(`window:${op}:age on the right`);
  if (left.node === 'binary' && isColumn(left.left, eventTime)) {
    if (left.right.node === 'now') hit('window:age below 0');
    else if (right.node === 'now') hit('window:event moved');
  }
  const bound = [left, right].find((side) => usesNow(side));
  const isTime = isColumn(left, eventTime) || isColumn(right, eventTime);
  if (isTime && bound !== undefined) hit(`window:${op}:${boundForm(bound)}`);
};

const visitBetween = ({ low, high }: BetweenExpr, hit: (name: string) => void): void => {
  if (usesNow(high)) hit(`window:between:to ${boundForm(high)}`);
  if (usesNow(low) !== usesNow(high)) hit(`window:between:${usesNow(low) ? 'to' : 'from'} an instant`);
};

const MONTH_MICROS = 2_592_000_000_000n;

/**
 * How many moves there are by intervals of one length of which some are in months: DuckDB takes them for one, where they are not counted from
 * an instant of the text.
 */
const equalIntervals = (views: readonly ViewSpec[], ofWindows: boolean): number => {
  const months = new Map<bigint, Set<number>>();
  for (const expr of views.flatMap(expressionsOf)) {
    walk(expr, (e) => {
      if (e.node !== 'binary' || e.right.node !== 'literal' || e.right.type.kind !== 'interval') return;
      if (isOfTheText(e.left) !== ofWindows) return;
      const { months: count, micros } = e.right.value as Interval;
      const length = BigInt(count) * MONTH_MICROS + micros;
      months.set(length, (months.get(length) ?? new Set()).add(count));
    });
  }
  return [...months.values()].filter((counts) => counts.size > 1).length;
};

/** now(), snapped and moved. */
const isOfTheText = (expr: Expr): boolean => {
  if (expr.node === 'call') return expr.args.every(isOfTheText);
  return expr.node === 'now' || (expr.node === 'binary' && isOfTheText(expr.left));
};

/** DuckDB's own text moves some instant by the wrong interval. */
export const hasEqualMoves = (test: Case, view: ViewSpec): boolean =>
  equalIntervals(view.shape === 'D' ? test.views : [view], false) > 0;

const isColumn = (expr: Expr, name: string): boolean => expr.node === 'column' && expr.name === name;

/** How old the event is, now or where a unit begins. */
export const isAge = (expr: Expr, eventTime: string): expr is BinaryExpr =>
  expr.node === 'binary' && expr.op === '-' && usesNow(expr.left) && isColumn(expr.right, eventTime);

const usesNow = (expr: Expr): boolean => {
  let found = false;
  walk(expr, (e) => {
    if (e.node === 'now') found = true;
  });
  return found;
};

const boundForm = (expr: Expr): string => {
  if (expr.node === 'now') return 'now';
  if (expr.node === 'call') return `trunc ${expr.unit}`;
  if (expr.node === 'binary') return `${boundForm(expr.left)} ${expr.op} interval`;
  return expr.node;
};

const expressionsOf = (view: ViewSpec): Expr[] => {
  const outputs = view.outputs.map((o) => o.expr);
  if (view.shape === 'D') return outputs;
  if (view.shape === 'B') return [...outputs, ...view.where];
  return [...outputs, ...view.where, ...view.keys.map((k) => k.expr), ...(view.having ? [view.having] : [])];
};

/** What the language offers, each by the names that it is counted under: any two of them are to stand in one view. */
const FEATURES: readonly (readonly [string, RegExp])[] = [
  ['GROUP BY', /^shape:A/],
  ['rows', /^shape:B/],
  ['request view', /^shape:D/],
  ['inner join', /^join:inner/],
  ['computed key', /^keys:computed/],
  ['two keys', /^keys:2/],
  ['HAVING', /^having/],
  ['FILTER', /^(aggregate|over):filter/],
  ['count', /^(aggregate|over):count:/],
  ['count(DISTINCT)', /^aggregate:count distinct/],
  ['sum or avg', /^(aggregate|over):(sum|avg)/],
  ['variance', /^(aggregate|over):(var|stddev)/],
  ['min or max', /^(aggregate|over):(min|max)/],
  ['bool_and or bool_or', /^(aggregate|over):bool_/],
  ['latest or earliest', /^aggregate:(latest|earliest)/],
  ['lag, first or last value', /^over:(lag|first_value|last_value|row_number)/],
  ['RANGE frame', /^frame:(range|default:time$)/],
  ['ROWS frame', /^frame:(rows|default:time and key)/],
  ['window from now()', /^window:([<>]=?|between):(to )?now/],
  ['snapped window', /^window:([<>]=?|between):(to )?trunc/],
  ['BETWEEN', /^predicate:(not )?between/],
  ['IN', /^predicate:(not )?in:/],
  ['CASE', /^scalar:case/],
  ['CAST', /^cast:/],
  ['arithmetic', /^operator:[-+*%]:(small|int|big|dec|double|real)/],
  ['division', /^operator:\//],
  ['comparison', /^operator:(=|<>|<|<=|>|>=|is.*distinct from):/],
  ['IS NULL', /^operator:is (not )?null/],
  ['NOT', /^operator:not$/],
  ['AND or OR', /^operator:(and|or):/],
  ['choice', /^scalar:(nullif|greatest|least|coalesce)/],
  ['rounding or abs', /^scalar:(round|floor|ceil|trunc|abs|sign)/],
  ['text', /^(scalar:(lower|upper|length|substr|trim|replace|starts_with)|operator:(\|\||like|not like))/],
  ['parts of time', /^scalar:(extract|date_part|date_trunc)/],
];

/** Names of what a view uses, those of the views that it joins among them. */
const namesOf = (view: ViewSpec, test: Case): Set<string> => {
  const names = new Set([`shape:${view.shape}`]);
  const hit = (name: string): void => {
    names.add(name);
  };
  for (const expr of expressionsOf(view)) visit(expr, test.source.eventTime, hit);
  if (view.shape === 'A') {
    hit(`keys:${view.keys.length}`);
    if (view.having !== undefined) hit('having');
    if (view.keys.some((k) => k.expr.node !== 'column')) hit('keys:computed');
  }
  if (view.shape === 'B') hit(`keys:${view.entity.length}`);
  if (view.shape !== 'D') return names;
  for (const join of view.joins) {
    hit(`join:${join.kind}`);
    const joined = test.views.find((one) => versioned(one) === join.view)!;
    for (const name of namesOf(joined, test)) hit(name);
  }
  return names;
};

const addPairs = (view: ViewSpec, test: Case, hit: (name: string) => void): void => {
  const names = [...namesOf(view, test)];
  const shown = FEATURES.filter(([, pattern]) => names.some((name) => pattern.test(name)));
  shown.forEach(([a], i) => {
    for (const [b] of shown.slice(i + 1)) hit(`pair: ${a}, ${b}`);
  });
};

/** Every pair of two features. */
export const PAIRS: readonly string[] = FEATURES.flatMap(([a], i) =>
  FEATURES.slice(i + 1).map(([b]) => `pair: ${a}, ${b}`),
);

export const addCoverage = (coverage: Coverage, test: Case): void => {
  const hit = (name: string): void => {
    coverage.set(name, (coverage.get(name) ?? 0) + 1);
  };
  const { source } = test;
  hit(`order:${source.order}`);
  hit(`key:${source.key.length}`);
  if (source.partition !== undefined) hit('order:partitions');
  if (test.style !== undefined) hit('style');
  for (const c of source.columns) {
    hit(`column:${typeName(c.type)}${c.notNull ? ' not null' : ''}`);
    if (c.check !== undefined) hit('column:check');
    if (c.fallback !== undefined) hit('column:default');
    if (c.from !== undefined) hit(`column:@from ${c.from.unit ?? (c.from.path.length > 1 ? 'nested' : 'renamed')}`);
  }
  for (const view of test.views) {
    hit(`shape:${view.shape}`);
    // Other logs show no other pairs.
    if (test.nth === undefined) addPairs(view, test, hit);
    if (view.shape === 'A') {
      hit(`keys:${view.keys.length}`);
      if (view.having !== undefined) hit('having');
      if (view.keys.some((k) => k.expr.node !== 'column')) hit('keys:computed');
    }
    if (view.shape === 'B' && view.entityTag) hit('rows:@entity');
    if (view.shape === 'D') for (const j of view.joins) hit(`join:${j.kind}`);
    for (const expr of expressionsOf(view)) visit(expr, source.eventTime, hit);
    if (equalIntervals([view], true) > 0) hit('intervals:equal:window');
    if (equalIntervals([view], false) > 0) hit('intervals:equal:moved');
  }
  if (test.log.length === 0) hit('log:empty');
  const times = new Set<unknown>();
  const judged = judge(test.log, source);
  addSpecials(test, judged, hit);
  for (const [i, { verdict, row }] of judged.entries()) {
    hit(`verdict:${verdict}`);
    addBad(test, test.log[i]!, hit);
    if (verdict !== 'accepted' || row === null) continue;
    const time = row[source.eventTime];
    if (times.has(time)) hit('log:tie');
    times.add(time);
    const before = judged[i - 1]?.row?.[source.eventTime];
    if (typeof before === 'bigint' && (time as bigint) < before) hit('log:out of order');
    for (const [name, value] of Object.entries(row)) {
      const type = columnType(test, name);
      if (value === null) hit(`null:${typeName(type)}`);
      else for (const end of extremeOf(value, type)) hit(`${end}:${typeName(type)}`);
    }
  }
  for (const t of test.instants) if (times.has(t)) hit('instant:on an event');
};

const addBad = ({ source }: Case, line: LogLine, hit: (name: string) => void): void => {
  if (line.kind !== 'event') return;
  for (const { name, type } of source.columns) {
    const cell = line.cells[name];
    const form = cell !== undefined && 'bad' in cell ? badFormOf(cell.bad, type) : null;
    if (form !== null) hit(`bad:${typeName(type)}:${form}`);
  }
};

type Judged = ReturnType<typeof judge>;

/** What NaN and the infinities of a case's records come into. */
const addSpecials = (test: Case, judged: Judged, hit: (name: string) => void): void => {
  const { source } = test;
  const names = new Set<string>();
  for (const { verdict, row } of judged) {
    for (const [name, value] of Object.entries(row ?? {})) {
      if (typeof value !== 'number' || Number.isFinite(value)) continue;
      hit(`special:${verdict}`);
      if (verdict !== 'accepted') continue;
      names.add(name);
      hit(`special:${value}:${printType(columnType(test, name))}`);
    }
  }
  if (names.size === 0) return;
  for (const { name, check } of source.columns) if (check !== undefined && names.has(name)) hit('special:check');
  for (const view of test.views) {
    if (view.shape === 'D') continue;
    const isSpecial = (expr: Expr): boolean => mentions(expr, names);
    if (view.where.some(isSpecial)) hit(`special:where:${view.shape}`);
    if (view.shape === 'A' && view.having !== undefined && isSpecial(view.having)) hit('special:having');
    for (const expr of expressionsOf(view)) walk(expr, (e) => addSpecial(e, isSpecial, hit));
  }
};

const mentions = (expr: Expr, columns: ReadonlySet<string>): boolean => {
  let found = false;
  walk(expr, (e) => {
    if (e.node === 'column' && columns.has(e.name)) found = true;
  });
  return found;
};

const isFloat = ({ kind }: Type): boolean => kind === 'real' || kind === 'double';

const addSpecial = (e: Expr, isSpecial: (expr: Expr) => boolean, hit: (name: string) => void): void => {
  const takes = (...args: readonly (Expr | undefined)[]): boolean =>
    args.some((arg) => arg !== undefined && isFloat(arg.type) && isSpecial(arg));
  switch (e.node) {
    case 'aggregate':
      if (e.arg?.node === 'column' && takes(e.arg)) hit(`special:aggregate:${e.distinct ? 'count distinct' : e.fn}`);
      if (e.filter.some(isSpecial)) hit('special:filter');
      return;
    case 'window':
      if (e.args[0]?.node === 'column' && takes(e.args[0])) hit(`special:over:${e.fn}`);
      if (e.filter.some(isSpecial)) hit('special:over:filter');
      return;
    case 'call':
      if (takes(...e.args)) hit(`special:scalar:${e.fn}`);
      return;
    case 'cast':
      if (takes(e.arg)) hit(`special:cast:${printType(e.type)}`);
      return;
    case 'case':
      if (takes(e)) hit('special:case');
      return;
    case 'in':
    case 'between':
      if (takes(e.arg)) hit(`special:${e.negated ? 'not ' : ''}${e.node}`);
      return;
    case 'binary':
      if (takes(e.left, e.right)) hit(`special:operator:${e.op}`);
      return;
    case 'unary':
      if (takes(e.arg)) hit(`special:operator:${e.op}`);
      return;
    case 'literal':
      if (typeof e.value === 'number' && !Number.isFinite(e.value)) hit('special:literal');
      return;
    default:
  }
};

const columnType = (test: Case, name: string): Type => test.source.columns.find((c) => c.name === name)!.type;

const TOPS: readonly bigint[] = Array.from({ length: 39 }, (_, digits) => 10n ** BigInt(digits) - 1n);
const INTEGERS: Readonly<Record<string, bigint>> = { smallint: 1n << 15n, integer: 1n << 31n, bigint: 1n << 63n };
const MAX_REAL = 3.4028234663852886e38;
const LAST_DAY = 84_005n;
const LAST_MICRO = 7_258_118_399_999_999n;

/** Whether it is the `least` or the `most` that a value of the type can be. */
const extremeOf = (value: Exclude<Value, null>, type: Type): string[] => {
  const ends = (least: unknown, most: unknown): string[] =>
    value === least ? ['least'] : value === most ? ['most'] : [];
  switch (type.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return ends(-INTEGERS[type.kind]!, INTEGERS[type.kind]! - 1n);
    case 'decimal':
      return ends(-TOPS[type.precision]!, TOPS[type.precision]!);
    case 'real':
      return ends(-MAX_REAL, MAX_REAL);
    case 'double':
      return ends(-Number.MAX_VALUE, Number.MAX_VALUE);
    case 'boolean':
      return ends(false, true);
    case 'text':
      return value === '' ? ['least'] : [];
    case 'date':
      return ends(0n, LAST_DAY);
    case 'timestamp':
    case 'timestamptz':
      return ends(0n, LAST_MICRO);
    default:
      return [];
  }
};

const NUMBERS = ['smallint', 'integer', 'bigint', 'decimal', 'real', 'double precision'];
const ORDERED = [...NUMBERS, 'text', 'date', 'timestamp', 'timestamptz'];
const ALL = [...ORDERED, 'boolean'];
const DISTINCT = ALL.filter((type) => type !== 'real');

/** Those of which a literal can be written beside. */
const COMPARABLE = ORDERED.filter((type) => type !== 'real' && type !== 'timestamptz');
const EQUAL = ['=', '<>', 'is distinct from', 'is not distinct from'];

const CASTS: readonly (readonly [from: string, to: readonly string[]])[] = [
  ['smallint', ['integer', 'bigint', 'decimal', 'double precision', 'text']],
  ['integer', ['smallint', 'bigint', 'decimal', 'double precision', 'text']],
  ['bigint', ['smallint', 'integer', 'decimal', 'double precision', 'text']],
  ['decimal', ['smallint', 'integer', 'bigint', 'decimal', 'double precision', 'text']],
  ['real', ['double precision']],
  ['double precision', ['integer', 'bigint']],
  ['boolean', ['integer', 'text']],
  ['text', ['integer', 'bigint']],
  ['date', ['timestamp', 'text']],
  ['timestamp', ['date', 'text']],
];

const matrix = (place: string, names: readonly string[], types: readonly string[]): string[] =>
  names.flatMap((name) => types.map((type) => `${place}:${name}:${type}`));

const SPREADS = ['var_samp', 'var_pop', 'stddev_samp', 'stddev_pop'];

/** What is to take NaN and infinities. */
const SPECIAL_FEATURES: readonly string[] = [
  ...['NaN', 'Infinity', '-Infinity'].flatMap((value) => [`${value}:real`, `${value}:double precision`]),
  ...['accepted', 'constraint', 'late', 'duplicate'],
  ...['check', 'filter', 'where:A', 'where:B', 'having', 'over:filter', 'case', 'literal'],
  ...['sum', 'avg', ...SPREADS, 'min', 'max', 'count'].flatMap((fn) => [`aggregate:${fn}`, `over:${fn}`]),
  ...['count distinct', 'latest', 'earliest'].map((fn) => `aggregate:${fn}`),
  ...['lag', 'first_value', 'last_value'].map((fn) => `over:${fn}`),
  ...['coalesce', 'nullif', 'greatest', 'least', 'abs', 'sign', 'round', 'floor', 'ceil', 'trunc'].map(
    (fn) => `scalar:${fn}`,
  ),
  ...['exp', 'ln', 'sqrt', 'power'].map((fn) => `scalar:${fn}`),
  ...['integer', 'bigint', 'double precision'].map((type) => `cast:${type}`),
  ...['in', 'not in', 'between', 'not between'],
  ...[...EQUAL, '<', '<=', '>', '>=', '+', '-', '*', '/', 'is null', 'is not null'].map((op) => `operator:${op}`),
];

/** The features every larger sample must show. */
export const EXPECTED: readonly string[] = [
  'shape:A',
  'shape:B',
  'shape:D',
  'rows:@entity',
  'keys:computed',
  'having',
  'key:0',
  'key:1',
  'key:2',
  'order:none',
  'order:partitions',
  'style',
  'join:inner',
  'log:empty',
  'log:tie',
  'log:out of order',
  'instant:on an event',
  ...['skipped', 'malformed', 'constraint', 'range', 'ahead', 'late', 'duplicate', 'accepted'].map(
    (v) => `verdict:${v}`,
  ),
  ...['smallint', 'integer', 'bigint', 'decimal'].flatMap((type) =>
    ['range', 'digits', 'other'].map((form) => `bad:${type}:${form}`),
  ),
  ...['real', 'double precision', 'boolean'].map((type) => `bad:${type}:other`),
  ...['range', 'characters', 'other'].map((form) => `bad:text:${form}`),
  ...['range', 'other'].map((form) => `bad:date:${form}`),
  ...['timestamp', 'timestamptz'].flatMap((type) => ['range', 'digits', 'other'].map((form) => `bad:${type}:${form}`)),
  ...['aggregate', 'over'].flatMap((place) => [
    ...matrix(place, ['sum', 'avg', 'var_samp', 'var_pop', 'stddev_samp', 'stddev_pop'], NUMBERS),
    ...matrix(place, ['min', 'max'], ORDERED),
    ...matrix(place, ['count'], ALL),
    ...matrix(place, ['bool_and', 'bool_or'], ['boolean']),
  ]),
  ...matrix('aggregate', ['count distinct'], DISTINCT),
  ...matrix('aggregate', ['latest', 'earliest'], ALL),
  ...matrix('over', ['lag', 'first_value', 'last_value'], ALL),
  ...matrix('scalar', ['round', 'floor', 'ceil', 'trunc'], ['decimal', 'double precision']),
  ...matrix('scalar', ['abs'], ['smallint', 'integer', 'bigint', 'decimal', 'double precision']),
  ...matrix('scalar', ['sign'], ['double precision']),
  ...matrix('scalar', ['exp', 'ln', 'sqrt', 'power'], ['integer', 'double precision']),
  ...matrix('scalar', ['mod'], ['integer', 'bigint']),
  ...matrix('scalar', ['nullif', 'greatest', 'least', 'coalesce'], COMPARABLE),
  ...matrix('scalar', ['nullif', 'coalesce'], ['boolean']),
  ...matrix('scalar', ['lower', 'upper', 'length', 'substr', 'trim', 'replace', 'starts_with'], ['text']),
  ...matrix('scalar', ['extract', 'date_part'], ['date', 'timestamp']),
  ...matrix('scalar', ['extract', 'date_trunc'], ['timestamp', 'timestamptz']),
  'scalar:extract:interval',
  ...['extract', 'date_part'].flatMap((fn) =>
    ['year', 'quarter', 'month', 'week', 'day', 'dow', 'isodow', 'doy', 'hour', 'minute'].map((u) => `unit:${fn}:${u}`),
  ),
  ...['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'].map((u) => `unit:date_trunc:${u}`),
  ...['+', '-', '*'].flatMap((op) => matrix('operator', [op], ['integer', 'bigint', 'decimal', 'double precision'])),
  ...matrix('operator', ['%'], ['integer', 'bigint', 'decimal']),
  'operator:/:decimal',
  'operator:||:text',
  'operator:-:date',
  'operator:+:date',
  'operator:+:timestamp',
  'operator:-:timestamp',
  ...matrix('operator', EQUAL, ALL),
  ...matrix('operator', ['<', '<=', '>', '>='], ORDERED),
  ...matrix('operator', ['like', 'not like'], ['text']),
  ...['not', 'is null', 'is not null', 'is true', 'is false'].map((op) => `operator:${op}`),
  ...matrix('predicate', ['in', 'not in', 'between', 'not between'], COMPARABLE),
  ...CASTS.flatMap(([from, to]) => to.map((type) => `cast:${from}:${type}`)),
  ...ALL.map((t) => `null:${t}`),
  ...['least', 'most'].flatMap((end) => ALL.filter((t) => t !== 'text').map((t) => `${end}:${t}`)),
  'least:text',
  ...ALL.flatMap((t) => [`column:${t}`, `column:${t} not null`]),
  'aggregate:count:*',
  'over:row_number:*',
  'frame:range:range-current',
  'frame:range:range-range',
  'frame:range:unbounded-current',
  'frame:rows:unbounded-current',
  'frame:rows:rows-current',
  'frame:rows:rows-rows',
  'frame:default:time',
  'frame:default:time and key',
  'frame:named',
  ...['>', '>=', '<', '<='].map((op) => `window:${op}:now - interval`),
  ...['hour', 'day', 'week', 'month', 'quarter', 'year'].map((u) => `window:>=:trunc ${u}`),
  'window:>=:trunc month - interval',
  ...['>', '>=', '<', '<='].flatMap((op) => [`window:${op}:age`, `window:${op}:age on the right`]),
  'window:between:age',
  'window:between:now',
  'window:between:from an instant',
  'window:between:to an instant',
  'window:age below 0',
  'window:event moved',
  ...['now', 'now - interval', 'now + interval'].map((bound) => `window:between:to ${bound}`),
  ...['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'].flatMap((unit) =>
    ['', ' - interval', ' + interval'].map((shift) => `window:between:to trunc ${unit}${shift}`),
  ),
  ...SPECIAL_FEATURES.map((feature) => `special:${feature}`),
  'intervals:equal:window',
  'intervals:equal:moved',
  'scalar:case',
  'column:check',
  'column:default',
  'column:@from epoch_us',
  'column:@from nested',
  'column:@from renamed',
];

export const missing = (coverage: Coverage): string[] => EXPECTED.filter((name) => !coverage.has(name));
