/** Training sets by replay: accepted records in event order, cut at random, through the operators that serve online. */
import type { ReplayBatch } from '../../../runtime/engines/group-replay.ts';
import { type Feed, replay } from '../../../runtime/engines/replay.ts';
import type { Value } from '../../../runtime/values/types.ts';
import { batchOf, vectorOf } from '../../batches.ts';
import type { Random } from '../../generators/random.ts';
import type { ActualRow } from '../../reference/compare.ts';
import type { CompiledView, Project } from '../project.ts';
import { type NamedType, toActual } from '../values.ts';
import type { Records } from './duckdb.ts';

/** `exclude own`: labels carry the source's primary key, and only the event that it names is left out (rules.md 35). */
export type Ties = 'include' | 'exclude' | 'exclude own';

/** The instant and, by column name, entity or request columns and the key of the label's own event. */
export interface Label {
  readonly t: number;
  readonly columns: Readonly<Record<string, Value>>;
}

export interface Replayed {
  /** A row a label: its features (a view's absent row is all NULL). */
  readonly rows: readonly ActualRow[];
  readonly tiedLabels: number;
}

export async function replayLabels(
  project: Project,
  view: CompiledView,
  labels: readonly Label[],
  sorted: Records,
  ties: Ties,
  random: Random,
): Promise<Replayed> {
  const columns = [...labelColumns(project, view), ...(ties === 'exclude own' ? keyColumns(project) : [])];
  const result = await replay({
    program: project.program,
    views: [view.name],
    labels: {
      length: labels.length,
      instants: Float64Array.from(labels, ({ t }) => t),
      columns: new Map(
        columns.map(({ name, type }) => [
          name,
          vectorOf(
            type,
            labels.map((label) => label.columns[name]!),
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
    // However many labels there are, which events they see is worked out.
    maxSeen: Number.POSITIVE_INFINITY,
  });
  const [answer] = result.views as [(typeof result.views)[number]];
  const rows = labels.map((_, label) => {
    const row: Record<string, unknown> = Object.create(null);
    view.spec.features.forEach(({ name, type }, i) => {
      row[name] = toActual(answer.values.get(label, i), type);
    });
    return row;
  });
  return { rows, tiedLabels: result.tiedLabels };
}

/** What the labels need to hold for a view. */
export function labelColumns(project: Project, view: CompiledView): readonly NamedType[] {
  return view.spec.shape === 'request' ? project.request!.columns : view.spec.entity;
}

/** The source's primary key: labels that have it name their own event. */
export function keyColumns({ source }: Project): readonly NamedType[] {
  return source.keyColumns.map((column) => source.columns[column]!);
}

function feedOf({ source }: Project, sorted: Records, random: Random): Feed {
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
        upToMicros: rows[rows.length - 1]![source.eventTimeColumn] as number,
        known: null,
      };
    },
    close: async () => {},
  };
}
