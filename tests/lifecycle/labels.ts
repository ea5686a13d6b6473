/** Labels of a training set, and the files that hold them. */
import { join } from 'node:path';
import { CARDS, isoOf, KINDS, type Rec, START, sqlInstant, timeOf } from './records.ts';
import type { Stage } from './stage.ts';

export interface Label {
  readonly n: number;
  /** Of the record that it stands for, if it stands for one. */
  readonly id: number;
  readonly card: string;
  readonly kind: string;
  readonly weight: number;
  readonly t: number;
}

export type LabelFormat = 'jsonl' | 'csv' | 'parquet' | 'sql';

export interface LabelFile {
  readonly format: LabelFormat;
  readonly labels: readonly Label[];
  /** It has the column `id`, the key of every source. */
  readonly hasId: boolean;
  /** Every row has this instant, which no column says. */
  readonly entitiesAt: number | null;
}

const LABELS = 6;

/** `records`: of the source `source`, which a query may take labels from. */
export function someLabels({ random }: Stage, records: readonly Rec[]): LabelFile {
  const format = random.choose<LabelFormat>([
    [3, 'jsonl'],
    [1, 'csv'],
    [1, 'parquet'],
    [1, 'sql'],
  ]);
  if (format === 'sql') return { format, labels: labelsOf(records), hasId: true, entitiesAt: null };
  const entitiesAt = random.chance(0.15) ? instantNear(random, records) : null;
  const labels = Array.from({ length: LABELS }, (_, n): Label => {
    const own = records.length > 0 && random.chance(0.3) ? random.pick(records) : null;
    const t = entitiesAt ?? (own === null ? instantNear(random, records) : own.ts);
    const card = own === null || random.chance(0.2) ? random.pick(CARDS) : own.card;
    return { n, id: own?.id ?? 0, card, kind: own?.kind ?? random.pick(KINDS), weight: n - 2, t };
  });
  return { format, labels, hasId: random.chance(0.4), entitiesAt };
}

function instantNear(random: Stage['random'], records: readonly Rec[]): number {
  const near = records.length > 0 && random.chance(0.7) ? random.pick(records).ts : START;
  const after = random.choose([
    [2, 0],
    [1, random.int(-400, 400)],
    [1, random.int(0, 90_000)],
  ]);
  return near + after;
}

/** The first records by time and key. */
function labelsOf(records: readonly Rec[]): readonly Label[] {
  const sorted = [...records].sort((a, b) => timeOf(a) - timeOf(b) || a.id - b.id);
  return sorted
    .slice(0, LABELS)
    .map((rec) => ({ n: rec.id, id: rec.id, card: rec.card, kind: rec.kind, weight: rec.id % 3, t: rec.ts }));
}

/** Gives its name. */
export async function putLabels(stage: Stage, file: LabelFile, source: string): Promise<string> {
  const name = `labels.${file.format}`;
  if (file.format === 'sql') stage.put(name, queryText(source));
  else if (file.format === 'parquet') await putParquet(stage, name, file);
  else stage.put(name, file.format === 'csv' ? csvText(file) : jsonText(file));
  return name;
}

function queryText(source: string): string {
  return `SELECT id AS n_label, id, card, kind, (id % 3)::INTEGER AS weight, ts AS as_of FROM ${source} ORDER BY ts, id LIMIT ${LABELS}\n`;
}

const TYPES = {
  n_label: 'INTEGER',
  id: 'BIGINT',
  card: 'VARCHAR',
  kind: 'VARCHAR',
  weight: 'INTEGER',
  as_of: 'TIMESTAMP',
} as const;
type ColumnName = keyof typeof TYPES;

function columnsOf({ hasId, entitiesAt }: LabelFile): readonly ColumnName[] {
  const all = Object.keys(TYPES) as ColumnName[];
  return all.filter((name) => (name !== 'id' || hasId) && (name !== 'as_of' || entitiesAt === null));
}

function cellOf({ n, id, card, kind, weight, t }: Label, name: ColumnName): string | number {
  return { n_label: n, id, card, kind, weight, as_of: isoOf(t) }[name];
}

function sqlValue(label: Label, name: ColumnName): string | number {
  if (name === 'as_of') return sqlInstant(label.t);
  const value = cellOf(label, name);
  return typeof value === 'string' ? `'${value}'` : value;
}

async function putParquet(stage: Stage, name: string, file: LabelFile): Promise<void> {
  const columns = columnsOf(file);
  const rows = file.labels.map((label) => `(${columns.map((column) => sqlValue(label, column)).join(', ')})`);
  const all = columns.map((column) => `${column} ${TYPES[column]}`).join(', ');
  await stage.referee.writeParquet(join(stage.root, name), all, rows);
  stage.tell(`# ${name} (${all}) holds:\n${rows.join('\n')}`);
}

function csvText(file: LabelFile): string {
  const columns = columnsOf(file);
  const lines = file.labels.map((label) =>
    columns.map((name) => (name === 'card' ? `"${label.card}"` : cellOf(label, name))).join(','),
  );
  return [columns.join(','), ...lines, ''].join('\n');
}

function jsonText(file: LabelFile): string {
  const columns = columnsOf(file);
  return file.labels
    .map((label) => `${JSON.stringify(Object.fromEntries(columns.map((name) => [name, cellOf(label, name)])))}\n`)
    .join('');
}
