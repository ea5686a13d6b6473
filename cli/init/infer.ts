/** From what the values look like to what they are declared as: types, event time, key. */
import type { SqlType } from '../../runtime/values/types.ts';
import { columnNames, fieldPath } from './names.ts';
import type { FieldProfile, InstantProfile, NumberProfile } from './profile.ts';

export type EpochUnit = 'epoch_s' | 'epoch_ms' | 'epoch_us';

export interface InferredColumn {
  /** Index of its field. */
  readonly field: number;
  readonly name: string;
  readonly path: readonly string[];
  readonly type: SqlType;
  readonly epochUnit: EpochUnit | null;
  readonly nullable: boolean;
  readonly profile: FieldProfile;
}

export interface Inferred {
  readonly columns: readonly InferredColumn[];
  /** null: no field is an instant. */
  readonly eventTime: InferredColumn | null;
  /** Its values and those that are out of range. */
  readonly times: InstantProfile | null;
  readonly skipped: readonly { readonly path: string; readonly why: string }[];
}

type Typed = { readonly type: SqlType; readonly epochUnit: EpochUnit | null } | { readonly why: string };

const TEXT: SqlType = { kind: 'text', maxLength: null };
const TIMESTAMP: SqlType = { kind: 'timestamp' };

export function infer(fields: readonly FieldProfile[], records: number): Inferred {
  const names = columnNames(fields.map(({ path }) => path));
  const eventTime = chooseEventTime(fields, names, records);
  const columns: InferredColumn[] = [];
  const skipped: { path: string; why: string }[] = [];
  fields.forEach((profile, field) => {
    const name = names[field] as string;
    const { path } = profile;
    const isEventTime = eventTime?.field === field;
    const typed = fieldPath(path) === null ? { why: 'its name cannot be written in a comment' } : typeOf(profile, name);
    const given = isEventTime && eventTime !== null ? { type: TIMESTAMP, epochUnit: eventTime.epochUnit } : typed;
    if ('why' in given) skipped.push({ path: path.join('.'), why: given.why });
    else
      columns.push({
        field,
        name,
        path,
        ...given,
        nullable: !isEventTime && (profile.values < records || profile.hasLaterNulls),
        profile,
      });
  });
  const column = columns.find(({ field }) => field === eventTime?.field) ?? null;
  return { columns, eventTime: column, times: eventTime?.times ?? null, skipped };
}

function typeOf(profile: FieldProfile, name: string): Typed {
  if (profile.unusable !== null) return { why: profile.unusable };
  if (profile.others !== null) return { why: `it holds ${profile.others}` };
  if (profile.fileType !== null) return typeOfParquet(profile, profile.fileType, name);
  const kinds = [
    [profile.booleans, 'booleans'],
    [profile.numbers.count, 'numbers'],
    [profile.texts.count, 'texts'],
  ] as const;
  const seen = kinds.filter(([count]) => count > 0).map(([, kind]) => kind);
  if (seen.length > 1) return { why: `it holds ${seen.join(' and ')}` };
  if (seen.length === 0) return { why: 'it has no value in any record' };
  const type =
    profile.booleans > 0
      ? ({ kind: 'boolean' } as const)
      : profile.numbers.count > 0
        ? numberType(profile.numbers, name)
        : textType(profile, name);
  return { type, epochUnit: null };
}

function typeOfParquet(profile: FieldProfile, type: SqlType, name: string): Typed {
  const isTemporal = type.kind === 'date' || type.kind === 'timestamp' || type.kind === 'timestamptz';
  if (isTemporal && profile.instants.outOfRange > 0) return { why: 'it has instants outside 1970 to 2200' };
  const { numbers } = profile;
  // pandas makes doubles of integers where one is missing, and unsigned ones have room for twice what they count.
  const isWholeId = type.kind === 'double' && isIdName(name) && numbers.count > 0 && numbers.isWhole;
  const isWholeDecimal = type.kind === 'decimal' && type.scale === 0 && numbers.count > 0;
  if ((isWholeId || isWholeDecimal) && isSafe(numbers)) return { type: { kind: 'bigint' }, epochUnit: null };
  return { type: type.kind === 'text' ? TEXT : type, epochUnit: null };
}

function isSafe({ least, greatest }: NumberProfile): boolean {
  return Number.isSafeInteger(least) && Number.isSafeInteger(greatest);
}

/** A CSV file says nothing of types; a JSON string may be an instant, but never a number. */
function textType(profile: FieldProfile, name: string): SqlType {
  const { texts, isUntyped } = profile;
  if (isUntyped && texts.isBoolean) return { kind: 'boolean' };
  if (isUntyped && texts.isNumber) return numberType(texts.numbers, name);
  // One date of birth before 1970 would send its record to quarantine.
  if (!texts.isInstant || texts.instants.outOfRange > 0) return TEXT;
  return texts.isDate ? { kind: 'date' } : TIMESTAMP;
}

const MONEY =
  /(^|_)(amount|price|cost|total|subtotal|fee|fare|tip|tax|balance|revenue|spend|spent|paid|payment|salary|discount|usd|eur|gbp)($|_)/;
const INT_LIMIT = 2 ** 31;
/** Fewer digits than a column could have: the next record may have one more. */
const ROOM_DIGITS = 3;
const LEAST_PRECISION = 12;

function numberType(numbers: NumberProfile, name: string): SqlType {
  const { wholeDigits, scale, hasFloats, least, greatest } = numbers;
  if (numbers.isWhole) {
    if (!isIdName(name) && least >= -INT_LIMIT && greatest < INT_LIMIT && !MONEY.test(name)) return { kind: 'integer' };
    if (!MONEY.test(name) || isIdName(name)) {
      if (wholeDigits <= 18) return { kind: 'bigint' };
      return wholeDigits <= 38 ? { kind: 'decimal', precision: 38, scale: 0 } : { kind: 'double' };
    }
  }
  const digits = Math.max(2, scale);
  const precision = Math.max(LEAST_PRECISION, wholeDigits + digits + ROOM_DIGITS);
  const isMoney = MONEY.test(name) && !hasFloats && scale <= 6 && precision <= 38;
  return isMoney ? { kind: 'decimal', precision, scale: digits } : { kind: 'double' };
}

/** Names of those who do something. */
export const WHO =
  /(^|_)(user|customer|client|account|card|member|player|visitor|patient|driver|rider|passenger|employee|subscriber|device|sensor|machine|vehicle|session)($|_)/;
/** Names of where or with what they do it. */
export const WHERE =
  /(^|_)(merchant|store|shop|seller|station|host|origin|airport|city|region|country|zone|location|product|item|sku|symbol|ticker|page)($|_)/;

/** Names of what is counted, never summed. */
export function isIdName(name: string): boolean {
  return /(^|_)(id|ids|uuid|guid|key|nr|no|number|code|ref|reference|hash|zip|postcode|phone)$/.test(name);
}

interface EventTime {
  readonly field: number;
  readonly epochUnit: EpochUnit | null;
  readonly times: InstantProfile;
}

function chooseEventTime(fields: readonly FieldProfile[], names: readonly string[], records: number): EventTime | null {
  let best: EventTime | null = null;
  let bestScore = Number.NEGATIVE_INFINITY;
  fields.forEach((profile, field) => {
    const name = names[field] as string;
    const found = fieldPath(profile.path) === null ? null : instantsOf(profile, name);
    if (found === null || found.times.count === found.times.outOfRange) return;
    const score =
      timeScore(name, found.times) - (profile.values < records || profile.hasLaterNulls ? 1000 : 0) - field / 1000;
    if (score <= bestScore) return;
    bestScore = score;
    best = { field, ...found };
  });
  return best;
}

function instantsOf(
  profile: FieldProfile,
  name: string,
): { readonly times: InstantProfile; readonly epochUnit: EpochUnit | null } | null {
  if (profile.unusable !== null || profile.others !== null || profile.values === 0) return null;
  if (profile.instants.count === profile.values) return { times: profile.instants, epochUnit: null };
  if (profile.texts.count === profile.values && profile.texts.isInstant) {
    return { times: profile.texts.instants, epochUnit: null };
  }
  const numbers = profile.numbers.count === profile.values ? profile.numbers : profile.texts.numbers;
  if (numbers.count !== profile.values || !TIME_NAME.test(name)) return null;
  const epochUnit = epochUnitOf(numbers);
  return epochUnit === null ? null : { times: numbers.instants(MICROS[epochUnit]), epochUnit };
}

const TIME_NAME =
  /(^|_)(ts|time|timestamp|datetime|epoch|date|at|millis|ms|micros|us|seconds|unix|created|occurred)($|_)/;
const MICROS = { epoch_s: 1_000_000, epoch_ms: 1000, epoch_us: 1 } as const;
/** 1990 to 2100, in seconds. */
const EPOCH_RANGE = [631_152_000, 4_102_444_800] as const;

function epochUnitOf({ least, greatest, hasFloats, scale }: NumberProfile): EpochUnit | null {
  if (hasFloats) return null;
  const units = ['epoch_s', 'epoch_ms', 'epoch_us'] as const;
  const unit = units.find((candidate) => {
    const perSecond = 1_000_000 / MICROS[candidate];
    return least >= EPOCH_RANGE[0] * perSecond && greatest < EPOCH_RANGE[1] * perSecond;
  });
  const digits = { epoch_s: 6, epoch_ms: 3, epoch_us: 0 } as const;
  return unit === undefined || scale > digits[unit] ? null : unit;
}

/** When it happened, rather than when it was noted, changed or is due. */
function timeScore(name: string, times: InstantProfile): number {
  let score = times.hasTimeOfDay ? 40 : 0;
  if (/^(event|happened|occurred)/.test(name)) score += 100;
  else if (/^(timestamp|ts|time|datetime)$/.test(name)) score += 80;
  else if (/(^|_)(at|time|ts|timestamp|datetime|on)$/.test(name)) score += 60;
  else if (/date/.test(name)) score += 30;
  if (/(^|_)(created|paid|ordered|sent|started|start|pickup|departed|purchased|placed)(_|$)/.test(name)) score += 15;
  if (
    /(^|_)(updated|modified|changed|deleted|expires?|expiry|due|valid|birth|dob|scheduled|planned|end|ended|dropoff)(_|$)/.test(
      name,
    )
  )
    score -= 70;
  if (/(^|_)(ingest\w*|load\w*|insert\w*|received|known|processed|extracted|synced)(_|$)/.test(name)) score -= 50;
  return score;
}

export interface KeyFindings {
  /** Unique by itself; a redelivered record, equal in all, does not count. */
  readonly key: InferredColumn | null;
  /** Unique together with the event time, in these records. */
  readonly perhaps: InferredColumn | null;
}

/** Candidates, the likeliest first: exact, never NULL. */
export function keyCandidates(
  columns: readonly InferredColumn[],
  eventTime: InferredColumn,
  source: string,
): readonly InferredColumn[] {
  const exact = columns.filter(({ type, nullable, field }) => {
    return !nullable && field !== eventTime.field && ['text', 'integer', 'bigint', 'smallint'].includes(type.kind);
  });
  return exact
    .map((column) => ({ column, score: keyScore(column.name, source) }))
    .filter(({ column, score }) => score > 0 || WHO.test(column.name) || WHERE.test(column.name))
    .sort((a, b) => b.score - a.score)
    .map(({ column }) => column);
}

export function keyScore(name: string, source: string): number {
  const singular = source.replace(/s$/, '');
  if (/^(id|uuid|guid|event_id|event_uuid|message_id|row_id)$/.test(name)) return 4;
  if (name === `${singular}_id` || name === `${source}_id` || name === `${singular}_uuid`) return 3;
  if (/(^|_)(id|uuid|guid)$/.test(name)) return 2;
  return isIdName(name) ? 1 : 0;
}

/** 53 bits of a text. */
export function hashOf(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}

/** Whether values tell records apart. */
export class UniqueCheck {
  isUnique = true;
  readonly #records = new Map<number, number>();

  add(value: string, record: number): void {
    if (!this.isUnique) return;
    const key = hashOf(value);
    const known = this.#records.get(key);
    if (known === undefined) this.#records.set(key, record);
    else if (known !== record) {
      this.isUnique = false;
      this.#records.clear();
    }
  }
}
