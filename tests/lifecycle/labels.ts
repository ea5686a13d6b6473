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

async function putParquet(stage: Stage, name: string, { labels, hasId, entitiesAt }: LabelFile): Promise<void> {
  const columns = [
    'n_label INTEGER',
    ...(hasId ? ['id BIGINT'] : []),
    'card VARCHAR',
    'kind VARCHAR',
    'weight INTEGER',
  ];
  const rows = labels.map(({ n, id, card, kind, weight, t }) => {
    const values = [
      n,
      ...(hasId ? [id] : []),
      `'${card}'`,
      `'${kind}'`,
      weight,
      ...(entitiesAt === null ? [sqlInstant(t)] : []),
    ];
    return `(${values.join(', ')})`;
  });
  const all = [...columns, ...(entitiesAt === null ? ['as_of TIMESTAMP'] : [])].join(', ');
  await stage.referee.writeParquet(join(stage.root, name), all, rows);
  stage.tell(`# ${name} (${all}) holds:\n${rows.join('\n')}`);
}

function csvText({ labels, hasId, entitiesAt }: LabelFile): string {
  const head = [
    'n_label',
    ...(hasId ? ['id'] : []),
    'card',
    'kind',
    'weight',
    ...(entitiesAt === null ? ['as_of'] : []),
  ];
  const lines = labels.map(({ n, id, card, kind, weight, t }) =>
    [n, ...(hasId ? [id] : []), `"${card}"`, kind, weight, ...(entitiesAt === null ? [isoOf(t)] : [])].join(','),
  );
  return [head.join(','), ...lines, ''].join('\n');
}

function jsonText({ labels, hasId, entitiesAt }: LabelFile): string {
  const lines = labels.map(({ n, id, card, kind, weight, t }) =>
    JSON.stringify({
      n_label: n,
      ...(hasId ? { id } : {}),
      card,
      kind,
      weight,
      ...(entitiesAt === null ? { as_of: isoOf(t) } : {}),
    }),
  );
  return lines.map((line) => `${line}\n`).join('');
}
