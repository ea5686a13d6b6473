/** Training sets by replay: accepted records in event order, cut at random, through the operators that serve online. */
import type { ReplayBatch } from '../../../runtime/engines/group-replay.ts';
import { type Feed, replay } from '../../../runtime/engines/replay.ts';
import type { SqlType } from '../../../runtime/values/types.ts';
import type { Random } from '../../generators/random.ts';
import type { Row } from '../../generators/view-spec.ts';
import type { ActualRow } from '../../reference/compare.ts';
import type { Ties } from '../expectations.ts';
import type { Label } from '../labels.ts';
import type { Compiled, CompiledView } from '../project.ts';
import { batchOf, toActual, toProduct, vectorOf } from '../values.ts';

export interface Replayed {
  /** A row a label: its features (a view's absent row is all NULL). */
  readonly rows: readonly ActualRow[];
  readonly tiedLabels: number;
}

export async function replayLabels(
  project: Compiled,
  view: CompiledView,
  labels: readonly Label[],
  sorted: readonly Row[],
  ties: Ties,
  random: Random,
): Promise<Replayed> {
  const columns = [...labelColumns(project, view), ...(ties === 'exclude own' ? keyColumns(project) : [])];
  const result = await replay({
    program: project.program,
    views: [view.name],
    labels: {
      length: labels.length,
      instants: Float64Array.from(labels, ({ t }) => Number(t)),
      columns: new Map(
        columns.map(({ name, type }) => [
          name,
          vectorOf(
            type,
            labels.map(({ columns: entity, own }) =>
              toProduct((name in entity ? entity[name] : own[name]) ?? null, type),
            ),
          ),
        ]),
      ),
    },
    ties: ties === 'include' ? 'include' : 'exclude',
    ownEvents: new Set(ties === 'exclude own' ? [project.source.name] : []),
    openFeed: async () => feedOf(project, sorted, random),
    errors: { count: () => {} },
    onProgress: null,
    signal: new AbortController().signal,
  });
  const [answer] = result.views as [(typeof result.views)[number]];
  const types = new Map(view.program.spec.features.map(({ name, type }) => [name, type]));
  const rows = labels.map((_, label) => {
    const row: Record<string, unknown> = Object.create(null);
    answer.names.forEach((name, i) => {
      row[name] = toActual(answer.values.get(label, i), types.get(name)!);
    });
    return row;
  });
  return { rows, tiedLabels: result.tiedLabels };
}

interface NamedType {
  readonly name: string;
  readonly type: SqlType;
}

/** What the labels need to hold for a view. */
export function labelColumns(project: Compiled, view: CompiledView): readonly NamedType[] {
  return view.spec.shape === 'D' ? project.request!.columns : view.program.spec.entity;
}

/** The source's primary key: labels that have it name their own event. */
export function keyColumns({ source }: Compiled): readonly NamedType[] {
  return source.keyColumns.map((column) => source.columns[column]!);
}

function feedOf(project: Compiled, sorted: readonly Row[], random: Random): Feed {
  const { source, test } = project;
  let at = 0;
  return {
    next: async (): Promise<ReplayBatch | null> => {
      if (at >= sorted.length) return null;
      const rows = sorted.slice(at, at + random.int(1, 40));
      at += rows.length;
      return {
        batch: batchOf(source.columns, rows),
        rows: Int32Array.from(rows, (_, i) => i),
        count: rows.length,
        upToMicros: Number(rows[rows.length - 1]![test.source.eventTime]),
        known: null,
      };
    },
    close: async () => {},
  };
}
