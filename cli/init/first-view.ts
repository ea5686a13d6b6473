/** A first view over an inferred source: what happened to an entity lately. */
import { MICROS_PER_DAY, MICROS_PER_HOUR } from '../../runtime/values/types.ts';
import { type InferredColumn, isIdName, WHERE, WHO } from './infer.ts';
import { unique } from './names.ts';

export interface FirstView {
  readonly sql: string;
  /** How a row is asked for: `user_id=42`; null: it has no plain key. */
  readonly exampleKey: { readonly name: string; readonly value: string } | null;
  /** For people: `user_id`. */
  readonly entity: string;
}

/** A name has 63 characters at most, with what is added to it. */
const LONGEST_STEM = 50;

interface Window {
  readonly interval: string;
  readonly suffix: string;
}

const WINDOWS: readonly { readonly span: number; readonly short: Window; readonly long: Window }[] = [
  {
    span: 60 * MICROS_PER_DAY,
    short: { interval: '7 days', suffix: '7d' },
    long: { interval: '30 days', suffix: '30d' },
  },
  { span: 2 * MICROS_PER_DAY, short: { interval: '1 day', suffix: '1d' }, long: { interval: '7 days', suffix: '7d' } },
  { span: 2 * MICROS_PER_HOUR, short: { interval: '1 hour', suffix: '1h' }, long: { interval: '1 day', suffix: '1d' } },
  {
    span: 0,
    short: { interval: '5 minutes', suffix: '5m' },
    long: { interval: '1 hour', suffix: '1h' },
  },
];

export function firstView(
  source: string,
  columns: readonly InferredColumn[],
  eventTime: InferredColumn,
  key: InferredColumn | null,
  spanMicros: number,
): FirstView {
  const { short, long } = WINDOWS.find(({ span }) => spanMicros >= span) as (typeof WINDOWS)[number];
  const entity = chooseEntity(columns, eventTime, key);
  const taken = new Set(columns.map(({ name }) => name));
  const group =
    entity === null
      ? { expression: `date_trunc('day', ${eventTime.name})`, name: unique('day', taken) }
      : { expression: entity.name, name: entity.name };
  const recent = ` FILTER (WHERE ${eventTime.name} > now() - INTERVAL '${short.interval}')`;
  const items: [string, string, string][] = [
    [group.expression, '', group.expression === group.name ? '' : group.name],
    ['count(*)', recent, unique(`events_${short.suffix}`, taken)],
    ['count(*)', '', unique(`events_${long.suffix}`, taken)],
  ];
  const others = columns.filter((column) => column !== entity && column !== eventTime && column !== key);
  const feature = (word: string, column: InferredColumn, window: Window): string =>
    unique(`${`${word}_${column.name}`.slice(0, LONGEST_STEM)}_${window.suffix}`, taken);
  for (const measure of others.filter(isMeasure).slice(0, 2)) {
    const [fn, word] = measure.type.kind === 'decimal' ? ['sum', 'sum'] : ['avg', 'mean'];
    items.push([`${fn}(${measure.name})`, recent, feature(word, measure, short)]);
    items.push([`max(${measure.name})`, '', feature('max', measure, long)]);
  }
  const label = others.find(isLabel);
  if (label !== undefined) items.push([`count(DISTINCT ${label.name})`, '', feature('distinct', label, long)]);
  const where = [`${eventTime.name} > now() - INTERVAL '${long.interval}'`];
  if (entity?.nullable === true) where.push(`${entity.name} IS NOT NULL`);
  const sql = [
    `-- What happened lately, for each ${group.name}: a first view, to be changed.`,
    'SELECT',
    `${selectLines(items)}`,
    `FROM ${source}`,
    `WHERE ${where.join(' AND ')}`,
    `GROUP BY ${group.expression}`,
    '',
  ].join('\n');
  const value = entity?.profile.lastText ?? null;
  return {
    sql,
    entity: group.name,
    exampleKey: entity === null || value === null ? null : { name: entity.name, value: exampleValue(entity, value) },
  };
}

/** A double of pandas that is an integer here. */
function exampleValue(entity: InferredColumn, value: string): string {
  return entity.type.kind === 'bigint' ? value.replace(/\.0+$/, '') : value;
}

function selectLines(items: readonly (readonly [string, string, string])[]): string {
  const width = Math.max(...items.map(([call, filter]) => (filter === '' ? 0 : call.length)));
  const texts = items.map(([call, filter]) => (filter === '' ? call : `${call.padEnd(width)}${filter}`));
  const full = Math.max(...texts.slice(1).map((text) => text.length));
  return items
    .map(([, , name], i) => {
      const text = texts[i] as string;
      return `  ${name === '' ? text : `${i === 0 ? text : text.padEnd(full)} AS ${name}`}`;
    })
    .join(',\n');
}

function isMeasure({ name, type }: InferredColumn): boolean {
  return ['integer', 'smallint', 'bigint', 'decimal', 'double', 'real'].includes(type.kind) && !isIdName(name);
}

/** Some, but not one for each record. */
function isLabel({ type, profile }: InferredColumn): boolean {
  return type.kind === 'text' && profile.distinct > 1 && profile.distinct * 2 <= profile.values;
}

/** Whose features a first view is about; null: nothing that repeats. */
function chooseEntity(
  columns: readonly InferredColumn[],
  eventTime: InferredColumn,
  key: InferredColumn | null,
): InferredColumn | null {
  let best: InferredColumn | null = null;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const column of columns) {
    const { type, profile, name } = column;
    const isExact = ['text', 'integer', 'smallint', 'bigint'].includes(type.kind);
    if (!isExact || column === eventTime || profile.distinct === 0) continue;
    const repeats = profile.distinct * 2 <= profile.values;
    // A number that is no id is a measure.
    const isNamed = WHO.test(name) || WHERE.test(name) || isIdName(name);
    if (!isNamed && (type.kind !== 'text' || !repeats)) continue;
    let score = WHO.test(name) ? 60 : WHERE.test(name) ? 40 : isIdName(name) ? 30 : 10;
    if (isIdName(name)) score += 10;
    if (!repeats) score -= 50;
    if (profile.distinct === 1) score -= 20;
    if (column === key) score -= 100;
    if (column.nullable) score -= 5;
    if (score <= bestScore) continue;
    best = column;
    bestScore = score;
  }
  return best;
}
