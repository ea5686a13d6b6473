/** One seed, one case: schema, views, log, instants and prefixes. */

import { dateText, decimalText, isoText, timestampText, truncate } from '../reference/values.ts';
import { accepted } from '../reference/verdicts.ts';
import { badJson, randomValue } from './domains.ts';
import { column, compareWith, literal } from './expressions.ts';
import { FocusSet } from './focus.ts';
import { Random } from './random.ts';
import type {
  BinaryOperator,
  Case,
  Cell,
  ColumnSpec,
  LogLine,
  RequestSpec,
  Row,
  SourceSpec,
  Type,
  Value,
  ViewSpec,
} from './view-spec.ts';
import {
  BIGINT,
  BOOLEAN,
  DATE,
  DOUBLE,
  decimal,
  INTEGER,
  REAL,
  SMALLINT,
  TEXT,
  TIMESTAMP,
  TIMESTAMPTZ,
} from './view-spec.ts';
import type { ViewContext } from './views.ts';
import { genAggregateView, genRequestView, genRowsView, timeExpr } from './views.ts';
import type { Bound, WindowScale } from './windows.ts';
import { beforeEdge, boundAt, edgeBetween, genScale, reachedAt } from './windows.ts';

const NAMES = ['amount', 'delay', 'price', 'city', 'status', 'score', 'qty', 'note', 'flag', 'due', 'seen', 'ratio'];

const randomDecimal = (random: Random): Type =>
  random.choose<Type>([
    [3, decimal(12, 2)],
    [1, decimal(5, 0)],
    [1, decimal(4, 4)],
    [1, decimal(18, 6)],
    [1, decimal(38, 2)],
    [1, decimal(20, 10)],
  ]);

const randomType = (random: Random): Type =>
  random.choose<Type>([
    [3, SMALLINT],
    [4, INTEGER],
    [3, BIGINT],
    [4, randomDecimal(random)],
    [3, REAL],
    [5, DOUBLE],
    [3, BOOLEAN],
    [3, TEXT],
    [1, { kind: 'text', max: random.int(2, 8) }],
    [3, DATE],
    [2, TIMESTAMP],
    [2, TIMESTAMPTZ],
  ]);

const entityType = (random: Random): Type =>
  random.choose<Type>([
    [5, TEXT],
    [2, { kind: 'text', max: 6 }],
    [2, INTEGER],
    [2, BIGINT],
    [1, SMALLINT],
    [1, BOOLEAN],
    [1, DATE],
    [1, TIMESTAMPTZ],
    [1, decimal(6, 2)],
  ]);

const withCheck = (random: Random, spec: ColumnSpec): ColumnSpec => {
  if (!random.chance(0.12)) return spec;
  const self = column(spec.name, spec.type);
  switch (spec.type.kind) {
    case 'integer':
    case 'bigint':
    case 'smallint':
    case 'decimal':
      return {
        ...spec,
        check: compareWith(
          random.pick<BinaryOperator>(['>', '<>', '>=']),
          self,
          literal(INTEGER, BigInt(random.int(-3, 1))),
        ),
      };
    case 'text':
      return { ...spec, check: compareWith('<>', self, literal(TEXT, random.pick(['', 'b', "it's"]))) };
    case 'double':
      return { ...spec, check: compareWith('>', self, literal(DOUBLE, -50.5, '-50.5')) };
    default:
      return spec;
  }
};

const withDefault = (random: Random, spec: ColumnSpec): ColumnSpec => {
  if (!random.chance(0.08)) return spec;
  switch (spec.type.kind) {
    case 'integer':
    case 'bigint':
    case 'smallint':
      return { ...spec, fallback: literal(spec.type, 7n) };
    case 'text':
      return { ...spec, fallback: literal(TEXT, 'na') };
    case 'boolean':
      return { ...spec, fallback: literal(BOOLEAN, true) };
    default:
      return spec;
  }
};

const DAY = 86_400_000_000n;
const SECOND = 1_000_000n;

interface Schema {
  readonly source: SourceSpec;
  readonly entities: readonly string[];
  readonly focus: FocusSet;
}

const LATENESS: readonly (readonly [string, bigint])[] = [
  ['30 seconds', 30_000_000n],
  ['5 minutes', 300_000_000n],
  ['10 minutes', 600_000_000n],
  ['2 hours', 7_200_000_000n],
  ['1 day', 86_400_000_000n],
];

const genSchema = (random: Random): Schema => {
  const timeType = random.chance(0.8) ? TIMESTAMP : TIMESTAMPTZ;
  const time: ColumnSpec = { name: 'happened_at', type: timeType, notNull: true };
  const entities: ColumnSpec[] = [];
  for (let i = 0; i < random.int(1, 2); i++)
    entities.push({ name: `entity_${i + 1}`, type: entityType(random), notNull: random.chance(0.7) });
  const values: ColumnSpec[] = random.sample(NAMES, random.int(1, 8)).map((name) => {
    const type = randomType(random);
    const isFloat = type.kind === 'double' || type.kind === 'real';
    const spec: ColumnSpec = {
      name,
      type,
      notNull: random.chance(0.3),
      ...(isFloat && random.chance(0.2) ? { huge: true } : {}),
      ...(isFloat && random.chance(0.25) ? { special: true } : {}),
    };
    const small =
      spec.huge !== true &&
      (type.kind === 'double' || type.kind === 'integer' || type.kind === 'bigint') &&
      random.chance(type.kind === 'double' ? 0.6 : 0.35);
    return withDefault(random, withCheck(random, small ? { ...spec, small } : spec));
  });
  const keyColumns: ColumnSpec[] = [];
  const key: string[] = [];
  const form = random.next();
  if (form < 0.6) {
    keyColumns.push({ name: 'event_id', type: random.pick([BIGINT, INTEGER, TEXT]), notNull: true });
    key.push('event_id');
  } else if (form < 0.75) {
    keyColumns.push({ name: 'part', type: random.pick([SMALLINT, TEXT]), notNull: true });
    keyColumns.push({ name: 'seq', type: random.pick([INTEGER, BIGINT]), notNull: true });
    key.push('part', 'seq');
  } else if (form < 0.85 && entities[0]!.type.kind !== 'boolean') {
    entities[0] = { ...entities[0]!, notNull: true };
    key.push('entity_1');
  }
  const [text, micros] = random.pick(LATENESS);
  const instant = (t: Type): boolean => t.kind === 'timestamp' || t.kind === 'timestamptz';
  const mapped = (spec: ColumnSpec): ColumnSpec => {
    if (!random.chance(0.06)) return spec;
    const path = random.chance(0.5) ? ['data', `${spec.name}_in`] : [`${spec.name}_in`];
    return { ...spec, from: instant(spec.type) && random.chance(0.5) ? { path, unit: 'epoch_us' } : { path } };
  };
  const focus = new FocusSet(random);
  const order = random.chance(0.8) ? 'arrival' : 'none';
  const extras: ColumnSpec[] = [];
  const isPartitioned = order === 'arrival' && random.chance(0.15);
  if (isPartitioned) extras.push({ name: 'shard', type: random.pick([TEXT, SMALLINT]), notNull: true });
  const isChosen = random.chance(0.12);
  if (isChosen) extras.push({ name: 'kind', type: TEXT, notNull: false });
  const columns = random
    .shuffle([...keyColumns, time, ...entities, ...values, ...focus.columns, ...extras])
    .map(mapped);
  return {
    focus,
    entities: entities.map((e) => e.name),
    source: {
      name: 'events',
      columns,
      eventTime: time.name,
      key,
      lateness: { micros, text },
      latenessTag: text !== '5 minutes' || random.chance(0.5),
      order,
      ...(isPartitioned ? { partition: 'shard' } : {}),
      ...(isChosen
        ? { only: compareWith(random.pick<BinaryOperator>(['=', '<>']), column('kind', TEXT), literal(TEXT, 'a')) }
        : {}),
    },
  };
};

/** JSON has no numbers for them. */
const wordsOf = (special: number): readonly string[] => {
  if (Number.isNaN(special)) return ['NaN', 'NaN', 'nan'];
  return special > 0 ? ['Infinity', 'Infinity', 'inf', '+infinity'] : ['-Infinity', '-Infinity', '-inf'];
};

/** The text of a value in a JSON line; some values have several. */
export const jsonOf = (random: Random, value: Value, column: ColumnSpec): string => {
  const { type } = column;
  if (value === null) return 'null';
  if (column.from?.unit !== undefined) return String(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return `"${random.pick(wordsOf(value))}"`;
    return Object.is(value, -0) ? '-0.0' : String(value);
  }
  if (typeof value === 'string') return JSON.stringify(value);
  switch (type.kind) {
    case 'decimal': {
      const text = decimalText(value, type.scale);
      const short = text.includes('.') && random.chance(0.2) ? text.replace(/0+$/, '').replace(/\.$/, '') : text;
      return random.chance(0.15) ? `"${short}"` : short;
    }
    case 'bigint':
      return random.chance(0.15) ? `"${value}"` : String(value);
    case 'date':
      return `"${dateText(value)}"`;
    case 'timestamp':
    case 'timestamptz': {
      const form = random.int(0, 5);
      if (form === 0) return `"${timestampText(value)}"`;
      if (form === 1) return `"${isoText(value).slice(0, -1)}"`;
      if (form === 2 && value > 86_400_000_000n) return `"${isoText(value + 7_200_000_000n).slice(0, -1)}+02:00"`;
      if (form === 3 && value % 86_400_000_000n === 0n) return `"${dateText(value / 86_400_000_000n)}"`;
      return `"${isoText(value)}"`;
    }
    default:
      return value >= -1000n && value <= 1000n && random.chance(0.05) ? `${value}.0` : String(value);
  }
};

const POISON = [
  '{"event_id": 1,',
  '[]',
  '42',
  '"text"',
  'null',
  '{]',
  'not json',
  '{"happened_at": "2020-01-01T00:00:00Z"}}',
];

const genTimes = (random: Random, count: number, scale: WindowScale, lateness: bigint, base: bigint): bigint[] => {
  const times: bigint[] = [];
  let clock = base;
  const { lengths } = scale;
  const longest = lengths[lengths.length - 1]!.interval.micros;
  for (let i = 0; i < count; i++) {
    const form = random.next();
    if (form < 0.2 && times.length > 0) {
      // A tie.
      times.push(random.pick(times.slice(-5)));
      continue;
    }
    if (form < 0.3) {
      times.push(clock - random.bigint(0n, lateness));
      continue;
    }
    if (form < 0.33) {
      // At and just past the edge of lateness.
      times.push(clock - lateness - BigInt(random.int(-1, 1)));
      continue;
    }
    if (form < 0.35) {
      times.push(clock - lateness - random.bigint(1n, longest));
      continue;
    }
    const window = random.pick(lengths).interval.micros;
    const before = clock;
    if (form < 0.5) clock += window + BigInt(random.int(-1, 1));
    else if (form < 0.55) clock = truncate(random.pick(['minute', 'hour', 'day']), clock + window);
    else if (form < 0.58) clock += 2n * longest;
    else if (form < 0.68) clock = edgeBetween(random, scale, clock, clock + 2n * longest) ?? clock + window;
    else clock += random.bigint(0n, window / 4n);
    // An event that goes over the edge of a snapped window lies on it instead, or next to it.
    const edge = random.chance(0.8) ? edgeBetween(random, scale, before, clock) : null;
    if (edge !== null) clock = random.chance(0.85) ? edge : edge - 1n;
    times.push(clock);
  }
  return times.map((t) => (t < 0n ? 0n : t));
};

/** Many events of one entity inside every window: rings grow, and the future of an online row takes pages. */
const genBurst = (random: Random, { lengths }: WindowScale, base: bigint): bigint[] => {
  const step = lengths[0]!.interval.micros / 200n;
  const times: bigint[] = [];
  let clock = base;
  const count = random.int(250, 450);
  for (let i = 0; i < count; i++) {
    clock += random.bigint(0n, step);
    times.push(random.chance(0.1) ? clock - random.bigint(0n, step * 5n) : clock);
  }
  return times;
};

const genLog = (
  random: Random,
  schema: Schema,
  pools: Readonly<Record<string, readonly Value[]>>,
  times: readonly bigint[],
): LogLine[] => {
  const { source, entities } = schema;
  const log: LogLine[] = [];
  let serial = 0;
  // As of columns that came later.
  const unknown = new Set(
    source.columns
      .filter(({ name, notNull }) => !notNull && !entities.includes(name) && random.chance(0.05))
      .map(({ name }) => name),
  );
  const quiet = random.chance(0.4);
  for (const time of times) {
    const form = random.next();
    if (!quiet && form < 0.02) {
      log.push({ kind: 'poison', text: random.pick(POISON) });
      continue;
    }
    if (form > 0.95 && log.length > 0) {
      // A redelivery, of the same or of a changed payload.
      const old = random.pick(log.slice(-20));
      if (old.kind === 'event') {
        const victim = random.pick(
          source.columns.filter((c) => c.name !== source.eventTime && !source.key.includes(c.name)),
        );
        const value = random.pick(pools[victim.name]!);
        log.push(
          random.chance(0.5)
            ? old
            : { ...old, cells: { ...old.cells, [victim.name]: { value, json: jsonOf(random, value, victim) } } },
        );
        continue;
      }
    }
    serial++;
    const cells: Record<string, Cell> = {};
    for (const spec of source.columns) {
      let value: Value;
      if (spec.name === source.eventTime) value = time;
      else if (spec.name === 'event_id' || spec.name === 'seq') {
        const n = BigInt(random.chance(0.3) ? 1000 - serial : serial);
        value = spec.type.kind === 'text' ? `e${n}` : n;
      } else if (unknown.has(spec.name)) value = null;
      else if (!spec.notNull && random.chance(entities.includes(spec.name) ? 0.05 : 0.15)) value = null;
      else value = random.pick(pools[spec.name]!);
      if (value === null && random.chance(0.5)) continue;
      if (spec.fallback !== undefined && random.chance(0.2)) continue;
      cells[spec.name] = { value, json: jsonOf(random, value, spec) };
    }
    if (!quiet && form < 0.05) {
      // Every type as often, be it of many columns or one.
      const kind = random.pick([...new Set(source.columns.map((c) => c.type.kind))]);
      const victim = random.pick(source.columns.filter((c) => c.type.kind === kind));
      if (victim.notNull && random.chance(0.3)) {
        if (random.chance(0.5)) delete cells[victim.name];
        else cells[victim.name] = { value: null, json: 'null' };
      } else
        cells[victim.name] = {
          bad: victim.from?.unit === undefined ? badJson(random, victim.type) : random.pick(['true', '"soon"']),
        };
    } else if (!quiet && form < 0.065) {
      const dates = source.columns.filter((c) => ['date', 'timestamp', 'timestamptz'].includes(c.type.kind));
      const victim = random.pick(dates);
      const value = victim.type.kind === 'date' ? random.pick([-1n, 84006n]) : random.pick([-1n, 7258118400000000n]);
      cells[victim.name] = { value, json: jsonOf(random, value, victim) };
    }
    log.push(
      random.chance(0.05)
        ? { kind: 'event', cells, extra: '"unknown_field": [1, {"x": null}]' }
        : { kind: 'event', cells },
    );
  }
  return log;
};

/** An instant at which an event lies exactly on the bound, or did shortly before; null: none ever does. */
const instantOnEdge = (random: Random, bound: Bound, times: readonly bigint[]): bigint | null => {
  for (const time of random.shuffle(times)) {
    const t = reachedAt(bound, time);
    if (t === null) continue;
    const later = t + random.bigint(0n, 120n * SECOND);
    const isStill = random.chance(0.3) && boundAt(bound, later) === time;
    return isStill ? later : t + BigInt(random.pick([-1, 0, 0, 0, 1]));
  }
  return null;
};

const genInstants = (
  random: Random,
  source: SourceSpec,
  log: readonly LogLine[],
  bounds: readonly Bound[],
): bigint[] => {
  const rows = accepted(log, source);
  const times = rows.map((r) => r[source.eventTime] as bigint);
  if (times.length === 0) return [1_600_000_000_000_000n, 1_600_000_000_000_001n];
  const sorted = [...times].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const first = sorted[0]!;
  const last = sorted[sorted.length - 1]!;
  const instants = new Set<bigint>();
  const shuffled = random.shuffle(bounds);
  for (let i = 0; i < 4; i++) {
    const bound = random.chance(0.8) ? shuffled[i] : undefined;
    const onEdge = bound === undefined ? null : instantOnEdge(random, bound, times);
    instants.add(onEdge ?? random.pick(times) + BigInt(random.int(-1, 1)));
  }
  if (random.chance(0.5)) instants.add(random.bigint(first, last));
  // An online row begins where the log ends.
  if (random.chance(0.4) || [...instants].every((t) => t < last)) instants.add(last);
  if (random.chance(0.2)) instants.add(first - 1n);
  if (random.chance(0.3)) instants.add(last + 40n * 86_400_000_000n);
  return [...instants].filter((t) => t >= 0n).sort((a, b) => (a < b ? -1 : 1));
};

const genRequests = (
  random: Random,
  request: RequestSpec,
  pools: Readonly<Record<string, readonly Value[]>>,
  schema: Schema,
  base: bigint,
): Row[] => {
  const rows: Row[] = [];
  for (let i = 0; i < random.int(1, 8); i++) {
    const row: Record<string, Value> = {};
    for (const spec of request.columns) {
      const twins = schema.source.columns.filter(
        (c) => c.type.kind === spec.type.kind && schema.entities.includes(c.name),
      );
      const twin = twins.length > 0 && random.chance(0.85) ? random.pick(twins) : null;
      if (!spec.notNull && random.chance(0.12)) row[spec.name] = null;
      else if (twin !== null) {
        const value = random.pick(pools[twin.name]!);
        row[spec.name] = typeof value === 'string' && random.chance(0.3) ? value.toLowerCase() : value;
      } else if (spec.type.kind === 'timestamp') row[spec.name] = truncate(random.pick(['hour', 'day', 'month']), base);
      else row[spec.name] = randomValue(random, { ...spec, small: true }, base);
    }
    rows.push(row);
  }
  return rows;
};

/** `@max_ahead` of a source whose logs may be live. */
const withMaxAhead = (random: Random, source: SourceSpec): SourceSpec =>
  source.lateness.micros > 10n * SECOND && random.chance(0.4)
    ? { ...source, maxAhead: { micros: 10n * SECOND, text: '10 seconds' } }
    : source;

/** Known in the middle of its events, so that some of them are ahead, by as much as is allowed or a microsecond more. */
const live = (random: Random, source: SourceSpec, times: readonly bigint[]): SourceSpec => {
  if (source.order === 'none' || times.length === 0) return source;
  const allowed =
    source.maxAhead?.micros ?? (source.lateness.micros < 60n * SECOND ? source.lateness.micros : 60n * SECOND);
  const knownAt = random.pick(times) - allowed - BigInt(random.int(0, 1));
  return knownAt < 0n ? source : { ...source, knownAt };
};

/** What a case may be made longer by. */
export interface LongCase {
  readonly lines: number;
  readonly entities: number;
}

/** The SQL of a seed, and what logs for it are drawn from. */
interface Project {
  readonly seed: number;
  readonly schema: Schema;
  readonly scale: WindowScale;
  readonly base: bigint;
  readonly isLive: boolean;
  readonly pools: Readonly<Record<string, readonly Value[]>>;
  readonly views: readonly ViewSpec[];
  readonly request: RequestSpec | null;
  readonly bounds: readonly Bound[];
  readonly style: number | null;
}

const genPools = (
  random: Random,
  { source, entities }: Schema,
  base: bigint,
  most: number,
): Record<string, Value[]> => {
  const pools: Record<string, Value[]> = {};
  for (const spec of source.columns) {
    const size = entities.includes(spec.name) ? random.int(1, most) : random.int(2, 9);
    pools[spec.name] = Array.from({ length: size }, () => randomValue(random, spec, base));
    if (spec.name === 'kind') pools.kind = ['a', 'a', 'b', 'a', null];
    if (spec.name === 'shard') pools.shard = spec.type.kind === 'text' ? ['p', 'q', ''] : [1n, 2n];
  }
  return pools;
};

const genProject = (seed: number, long: LongCase | undefined): Project => {
  const random = new Random(seed);
  const plain = genSchema(random);
  const isLive = random.chance(0.1);
  const schema = isLive ? { ...plain, source: withMaxAhead(random, plain.source) } : plain;
  const { entities, source } = schema;
  const scale = genScale(random);
  const anywhere = BigInt(random.int(11000, 22000)) * DAY + random.bigint(0n, DAY - 1n);
  const base = random.chance(0.8) ? beforeEdge(random, scale, anywhere) : anywhere;
  const pools = genPools(random, schema, base, long?.entities ?? 3);
  const times = genTimes(random, 12, scale, source.lateness.micros, base);
  const bounds: Bound[] = [];
  const ctx: ViewContext = { random, source, entities, pools: { ...pools, [source.eventTime]: times }, scale, bounds };
  const targets: ViewSpec[] = [];
  const count = random.choose([
    [3, 1],
    [3, 2],
    [1, 3],
  ]);
  const hasKey = source.key.length > 0;
  for (let i = 0; i < count; i++) {
    const rows = random.chance(hasKey ? 0.45 : 0.3);
    targets.push(rows ? genRowsView(ctx, `rows_${i + 1}`) : genAggregateView(ctx, `agg_${i + 1}`));
  }
  const views = schema.focus.applyTo(targets, { random, time: timeExpr(source), hasKey, scale, bounds });
  const made = random.chance(targets.length > 1 ? 0.5 : 0.25) ? genRequestView(ctx, 'model_inputs', views) : null;
  if (made !== null) views.push(made.view);
  const style = random.chance(0.5) ? random.int(0, 1_000_000) : null;
  return { seed, schema, scale, base, isLive, pools, views, request: made?.request ?? null, bounds, style };
};

/** Few records show most of what there is to be shown; some logs are longer all the same. */
const genCount = (random: Random): number =>
  random.choose([
    [2, 0],
    [6, random.int(1, 5)],
    [18, random.int(6, 24)],
    [4, random.int(25, 60)],
    [1, random.int(61, 200)],
  ]);

/** The `nth` log of a project, with what is asked of it. */
const genCase = (project: Project, nth: number, long: LongCase | undefined): Case => {
  const random = new Random(Math.imul(project.seed, 0x2c1b3c6d) + Math.imul(nth + 1, 0x297a2d39));
  const { schema, scale, base } = project;
  const { entities } = schema;
  const isBurst = long === undefined && random.chance(0.015);
  const one = isBurst ? Object.fromEntries(entities.map((name) => [name, project.pools[name]!.slice(0, 1)])) : {};
  const pools = { ...project.pools, ...one };
  const times = isBurst
    ? genBurst(random, scale, base)
    : genTimes(random, long?.lines ?? genCount(random), scale, schema.source.lateness.micros, base);
  const log = genLog(random, schema, pools, times);
  const source = project.isLive ? live(random, schema.source, times) : schema.source;
  const { views, request } = project;
  const part = random.chance(0.6) ? [random.int(0, log.length)] : [];
  const made = {
    seed: project.seed,
    ...(nth === 0 ? {} : { nth }),
    ...(project.style === null ? {} : { style: project.style }),
    source,
    views,
    log,
    requests: request === null ? [] : genRequests(random, request, pools, schema, times[0] ?? base),
    instants: genInstants(random, source, log, project.bounds),
    prefixes: [...new Set([log.length, ...part])],
  };
  return request === null ? made : { ...made, request };
};

/** The first case of a seed; `long`: with so many lines, over so many entities at most. */
export const generateCase = (seed: number, long?: LongCase): Case => genCase(genProject(seed, long), 0, long);

/** So many cases of a seed: the same SQL, which they share as it is, over as many logs. */
export const generateCases = (seed: number, count: number): readonly Case[] => {
  const project = genProject(seed, undefined);
  return Array.from({ length: count }, (_, nth) => genCase(project, nth, undefined));
};
