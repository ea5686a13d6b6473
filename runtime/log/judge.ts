/**
 * Verdicts, once for each record, in the order of contract.ts. The first ones look at a record alone and are decided a column at a
 * time; late and duplicate depend on what was accepted before and go row by row.
 */
import type { ColumnBatch, ColumnVector, NumericVector, TextVector } from '../values/batch.ts';
import type { SourceSpec } from '../values/manifest.ts';
import { RANGE_END_MICROS, RANGE_START_MICROS } from '../values/temporal.ts';
import { MICROS_PER_DAY } from '../values/types.ts';
import {
  ACCEPTED,
  AHEAD,
  CONSTRAINT,
  DUPLICATE,
  LATE,
  MALFORMED,
  RANGE,
  SKIPPED,
  type SourceProgram,
} from './contract.ts';
import { EntityKey } from './entity-key.ts';
import { Identities, type IdentityImage } from './identities.ts';
import { type PartitionImage, Partitions } from './partitions.ts';
import { type RawBatch, RECORD_FAULT } from './reader.ts';

export interface JudgeOptions {
  /** `order: none`: complete by declaration, no record is late. */
  readonly isSorted: boolean;
  /** Only live sources refuse events ahead of their known time. */
  readonly isLive: boolean;
  /** Judging stops before the first accepted record with a later event time. */
  readonly untilMicros: number;
  /** An earlier run decided, and its verdicts came with the records: nothing is late that it accepted. */
  readonly areStored: boolean;
  /** rules.md 7, for sources without a key: records known before `from` or from `to` on are skipped. */
  readonly knownFrom: number;
  readonly knownTo: number;
}

export interface JudgeImage {
  readonly partitions: PartitionImage;
  readonly identities: IdentityImage;
}

const RANGE_END_DAYS = RANGE_END_MICROS / MICROS_PER_DAY;

export class Judge {
  verdicts = new Uint8Array(0);
  accepted = new Int32Array(0);
  acceptedCount = 0;
  /** So many of `accepted` are the row of their own place. */
  #ownPlaces = 0;
  /** Records judged: fewer than the batch has where `untilMicros` was reached. */
  judged = 0;
  reachedEnd = false;
  /** 1 + index of the CHECK that a row breaks. */
  broken = new Uint16Array(0);
  /** Of a late row: 1 where only the settle line makes it late, not its own partition's newest. */
  lateByLine = new Uint8Array(0);
  readonly partitions: Partitions;
  readonly #program: SourceProgram;
  readonly #spec: SourceSpec;
  readonly #identities = new Identities();
  readonly #entityKeys: readonly EntityKey[];
  readonly #keyReasons = new Map<number, string>();
  #taken = new Uint8Array(0);
  #partitionIds = new Int32Array(0);
  #codeIds: { dictionaryId: number; ids: number[] } = { dictionaryId: -1, ids: [] };

  constructor(program: SourceProgram) {
    this.#program = program;
    this.#spec = program.spec;
    this.partitions = new Partitions(program.spec.latenessMicros);
    this.#entityKeys = (program.entityKeys ?? []).map((columns) => new EntityKey(program.spec, columns));
  }

  judge(raw: RawBatch, knownTimes: Float64Array, options: JudgeOptions): void {
    const { batch } = raw;
    this.#reserve(batch.length);
    this.verdicts.fill(ACCEPTED, 0, batch.length);
    if (raw.journaled?.verdicts !== undefined) this.#takeStored(raw, raw.journaled.verdicts);
    else {
      this.#judgeForm(raw);
      this.#judgeKeys(batch);
      this.#judgeCut(batch, knownTimes, options);
      this.#judgeChecks(batch);
      this.#judgeRanges(batch);
      if (options.isLive) this.#judgeAhead(batch, knownTimes);
    }
    this.#judgeOrder(batch, options);
  }

  /** What was accepted stays so where it still fits columns and keys (rules.md 8); everything else stays refused. */
  #takeStored({ batch, faults }: RawBatch, stored: Uint8Array): void {
    const { verdicts } = this;
    for (let row = 0; row < batch.length; row += 1) {
      const isAtFault = stored[row] === ACCEPTED && faults !== null && faults[row] !== 0;
      verdicts[row] = isAtFault ? MALFORMED : stored[row]!;
    }
    this.#judgeKeys(batch);
    this.#judgeRanges(batch);
  }

  /** Malformed, or none of ours. */
  #judgeForm(raw: RawBatch): void {
    const { batch, faults } = raw;
    const { verdicts } = this;
    const { only } = this.#program;
    if (only !== null) {
      only(batch, batch.length, this.#taken);
      for (let row = 0; row < batch.length; row += 1) if (this.#taken[row] !== 1) verdicts[row] = SKIPPED;
    }
    if (faults === null) return;
    for (let row = 0; row < batch.length; row += 1) {
      if (faults[row] === 0 || (verdicts[row] === SKIPPED && faults[row] !== RECORD_FAULT)) continue;
      verdicts[row] = MALFORMED;
    }
  }

  #judgeKeys(batch: ColumnBatch): void {
    if (this.#keyReasons.size > 0) this.#keyReasons.clear();
    for (const key of this.#entityKeys) {
      if (!key.mayBeTooLong(batch)) continue;
      for (let row = 0; row < batch.length; row += 1) {
        if (this.verdicts[row] !== ACCEPTED) continue;
        const reason = key.fault(batch, row);
        if (reason === null) continue;
        this.verdicts[row] = MALFORMED;
        this.#keyReasons.set(row, reason);
      }
    }
  }

  /** Why a record that decodes well is malformed. */
  keyReason(row: number): string | null {
    return this.#keyReasons.get(row) ?? null;
  }

  #judgeCut(batch: ColumnBatch, knownTimes: Float64Array, options: JudgeOptions): void {
    const { knownFrom, knownTo } = options;
    if (knownFrom === Number.NEGATIVE_INFINITY && knownTo === Number.POSITIVE_INFINITY) return;
    for (let row = 0; row < batch.length; row += 1) {
      const known = knownTimes[row]!;
      if (this.verdicts[row] === ACCEPTED && (known < knownFrom || known >= knownTo)) this.verdicts[row] = SKIPPED;
    }
  }

  #judgeChecks(batch: ColumnBatch): void {
    if (this.#spec.checks.length === 0) return;
    this.#program.check(batch, batch.length, this.broken);
    const { verdicts, broken } = this;
    for (let row = 0; row < batch.length; row += 1) {
      if (broken[row] !== 0 && verdicts[row] === ACCEPTED) verdicts[row] = CONSTRAINT;
    }
  }

  #judgeRanges(batch: ColumnBatch): void {
    for (let i = 0; i < this.#spec.columns.length; i += 1) this.#judgeRange(batch, i);
  }

  #judgeRange(batch: ColumnBatch, column: number): void {
    const { kind } = this.#spec.columns[column]!.type;
    if (kind !== 'date' && kind !== 'timestamp' && kind !== 'timestamptz') return;
    const vector = batch.columns[column] as NumericVector;
    const [start, end] = kind === 'date' ? [0, RANGE_END_DAYS] : [RANGE_START_MICROS, RANGE_END_MICROS];
    const { values } = vector;
    const { verdicts } = this;
    for (let row = 0; row < batch.length; row += 1) {
      const value = values[row]!;
      // A NULL's value is 0, which is in range.
      if ((value < start || value >= end) && verdicts[row] === ACCEPTED) verdicts[row] = RANGE;
    }
  }

  #judgeAhead(batch: ColumnBatch, knownTimes: Float64Array): void {
    const { values } = batch.columns[this.#spec.eventTimeColumn] as NumericVector;
    const { verdicts } = this;
    for (let row = 0; row < batch.length; row += 1) {
      if (values[row]! > knownTimes[row]! + this.#spec.maxAheadMicros && verdicts[row] === ACCEPTED) {
        verdicts[row] = AHEAD;
      }
    }
  }

  #judgeOrder(batch: ColumnBatch, options: JudgeOptions): void {
    const { keyColumns, partitionColumn, eventTimeColumn } = this.#spec;
    const keys = keyColumns.map((column) => batch.columns[column]!);
    const times = (batch.columns[eventTimeColumn] as NumericVector).values;
    this.acceptedCount = 0;
    this.judged = batch.length;
    this.reachedEnd = false;
    // Files of `order: none` are one partition: their order is that of event time, whatever a column says.
    if (partitionColumn < 0 || options.isSorted) this.#judgeOnePartition(batch.length, times, keys, options);
    else this.#judgePartitions(batch, times, keys, options);
  }

  #judgeOnePartition(length: number, times: Float64Array, keys: readonly ColumnVector[], options: JudgeOptions): void {
    const { verdicts, accepted, partitions } = this;
    const lateness = options.isSorted || options.areStored ? Number.POSITIVE_INFINITY : this.#spec.latenessMicros;
    const id = partitions.id('');
    // Complete files have no lateness of their own, but what a history before them has settled is settled.
    let lateBefore = options.isSorted ? partitions.settleLine() : partitions.lateBefore(id);
    if (options.areStored) lateBefore = Number.NEGATIVE_INFINITY;
    if (options.isSorted && keys.length === 0) {
      const last = this.#newestWhereAllTaken(length, times, lateBefore, options.untilMicros);
      if (last !== null) {
        this.#acceptAll(length);
        partitions.accept(id, last);
        return;
      }
    }
    this.#ownPlaces = 0;
    let newest = partitions.newestOf(id);
    let count = 0;
    let row = 0;
    for (; row < length; row += 1) {
      if (verdicts[row] !== ACCEPTED) continue;
      const time = times[row]!;
      if (time < lateBefore) {
        verdicts[row] = LATE;
        this.lateByLine[row] = time < newest - lateness ? 0 : 1;
        continue;
      }
      if (time > options.untilMicros && !this.#isKnown(time, keys, row)) {
        this.reachedEnd = true;
        break;
      }
      if (keys.length > 0 && !this.#isNew(time, keys, row)) {
        verdicts[row] = DUPLICATE;
        continue;
      }
      accepted[count] = row;
      count += 1;
      if (time > newest) {
        newest = time;
        if (newest - lateness > lateBefore) lateBefore = newest - lateness;
      }
    }
    if (count > 0) partitions.accept(id, newest);
    this.acceptedCount = count;
    this.judged = row;
  }

  /** null: not every record is accepted. */
  #newestWhereAllTaken(length: number, times: Float64Array, from: number, to: number): number | null {
    const { verdicts } = this;
    let newest = Number.NEGATIVE_INFINITY;
    for (let row = 0; row < length; row += 1) {
      const time = times[row]!;
      if (verdicts[row] !== ACCEPTED || time < from || time > to) return null;
      if (time > newest) newest = time;
    }
    return length === 0 ? null : newest;
  }

  #acceptAll(length: number): void {
    for (let row = this.#ownPlaces; row < length; row += 1) this.accepted[row] = row;
    if (length > this.#ownPlaces) this.#ownPlaces = length;
    this.acceptedCount = length;
  }

  #judgePartitions(
    batch: ColumnBatch,
    times: Float64Array,
    keys: readonly ColumnVector[],
    options: JudgeOptions,
  ): void {
    const { verdicts, accepted, partitions } = this;
    this.#findPartitions(batch);
    this.#ownPlaces = 0;
    let count = 0;
    let row = 0;
    for (; row < batch.length; row += 1) {
      if (verdicts[row] !== ACCEPTED) continue;
      const time = times[row]!;
      const id = this.#partitionIds[row]!;
      if (!options.areStored && time < partitions.lateBefore(id)) {
        verdicts[row] = LATE;
        this.lateByLine[row] = time < partitions.newestOf(id) - this.#spec.latenessMicros ? 0 : 1;
        continue;
      }
      if (time > options.untilMicros && !this.#isKnown(time, keys, row)) {
        this.reachedEnd = true;
        break;
      }
      if (keys.length > 0 && !this.#isNew(time, keys, row)) {
        verdicts[row] = DUPLICATE;
        continue;
      }
      accepted[count] = row;
      count += 1;
      partitions.accept(id, time);
    }
    this.acceptedCount = count;
    this.judged = row;
  }

  #isNew(time: number, keys: readonly ColumnVector[], row: number): boolean {
    // The line as of the last batch: to forget later than one could is harmless.
    if (this.#identities.isFull) this.#identities.makeRoom(this.#forgetBefore);
    return this.#identities.add(time, keys, row);
  }

  /** A duplicate past the end is no accepted record: reading goes over it. */
  #isKnown(time: number, keys: readonly ColumnVector[], row: number): boolean {
    return keys.length > 0 && this.#identities.has(time, keys, row);
  }

  get #forgetBefore(): number {
    return this.partitions.settleLine();
  }

  #findPartitions(batch: ColumnBatch): void {
    const vector = batch.columns[this.#spec.partitionColumn]!;
    const ids = this.#partitionIds;
    for (let row = 0; row < batch.length; row += 1) {
      if (this.verdicts[row] !== ACCEPTED) ids[row] = 0;
      else ids[row] = this.#partitionOf(vector, row);
    }
  }

  #partitionOf(vector: ColumnVector, row: number): number {
    if (vector.nulls !== null && vector.nulls[row] === 1) return this.partitions.id('null');
    if (vector.kind === 'numeric') return this.partitions.id(String(vector.wide?.get(row) ?? vector.values[row]!));
    if (vector.dictionary === null) return this.partitions.id(JSON.stringify(vector.strings![row]!));
    return this.#partitionOfCode(vector, vector.codes![row]!);
  }

  #partitionOfCode(vector: TextVector, code: number): number {
    if (this.#codeIds.dictionaryId !== vector.dictionaryId) {
      this.#codeIds = { dictionaryId: vector.dictionaryId, ids: [] };
    }
    const known = this.#codeIds.ids[code];
    if (known !== undefined) return known;
    const id = this.partitions.id(JSON.stringify(vector.dictionary![code]!));
    this.#codeIds.ids[code] = id;
    return id;
  }

  /** A malformed row holds NULLs (contract.ts); after its text was kept, which may be made from them. */
  clearMalformed(batch: ColumnBatch): void {
    for (let row = 0; row < this.judged; row += 1) if (this.verdicts[row] === MALFORMED) clearRow(batch, row);
  }

  handOff(): void {
    this.partitions.handOff();
    this.#codeIds = { dictionaryId: -1, ids: [] };
  }

  snapshot(): JudgeImage {
    return { partitions: this.partitions.snapshot(), identities: this.#identities.snapshot(this.#forgetBefore) };
  }

  restore(image: JudgeImage): void {
    this.partitions.restore(image.partitions);
    this.#identities.restore(image.identities);
  }

  #reserve(length: number): void {
    if (this.verdicts.length >= length) return;
    this.verdicts = new Uint8Array(length);
    this.accepted = new Int32Array(length);
    this.#ownPlaces = 0;
    this.broken = new Uint16Array(length);
    this.lateByLine = new Uint8Array(length);
    this.#taken = new Uint8Array(length);
    this.#partitionIds = new Int32Array(length);
  }
}

/** Columns that the text of `@only` names. Too many are harmless: a wrong field of a foreign record is then quarantined, not skipped. */
export function columnsOfOnly(spec: SourceSpec): readonly number[] {
  if (spec.onlySql === null) return [];
  const text = spec.onlySql.replace(/'(?:[^']|'')*'/g, "''").toLowerCase();
  const words = new Set(text.match(/[\p{L}_][\p{L}\p{N}_$]*/gu) ?? []);
  return spec.columns.flatMap((column, i) =>
    words.has(column.name.toLowerCase()) || text.includes(`"${column.name.toLowerCase().replaceAll('"', '""')}"`)
      ? [i]
      : [],
  );
}

function clearRow(batch: ColumnBatch, row: number): void {
  for (const vector of batch.columns) {
    vector.nulls ??= new Uint8Array(capacityOf(vector));
    vector.nulls[row] = 1;
    if (vector.kind === 'numeric') {
      vector.values[row] = 0;
      vector.wide?.delete(row);
    } else if (vector.strings !== null) vector.strings[row] = '';
    else vector.codes![row] = 0;
  }
}

/** Readers use their vectors again for longer batches. */
function capacityOf(vector: ColumnVector): number {
  if (vector.kind === 'numeric') return vector.values.length;
  return vector.codes === null ? vector.strings!.length : vector.codes.length;
}
