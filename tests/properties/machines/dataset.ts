/** Training sets by DuckDB: one statement over the labels' table and the sources' tables. */
import { emitDatasetSql } from '../../../compiler/backends/sql/dataset-sql.ts';
import { FUNCTIONS } from '../../../compiler/backends/sql/functions.ts';
import type { DuckDbSession } from '../../../runtime/engines/duckdb/session.ts';
import type { SourceSpec } from '../../../runtime/values/manifest.ts';
import { plainColumn, plainSpec } from '../../../runtime/values/plain-spec.ts';
import type { SqlType } from '../../../runtime/values/types.ts';
import type { ActualRow } from '../../reference/compare.ts';
import type { CompiledView, Project } from '../project.ts';
import { actualRows, type NamedType } from '../values.ts';
import { FEW_ROWS, loadRows } from './duckdb.ts';
import { type Label, labelColumns } from './replay.ts';

export type DatasetForm = 'join' | 'windows';

interface LabelTable {
  readonly name: string;
  readonly spec: SourceSpec;
}

const labelTables = new WeakMap<CompiledView, LabelTable>();

function labelTable(view: CompiledView, columns: readonly NamedType[]): LabelTable {
  const table = labelTables.get(view) ?? {
    name: `fsc test labels ${view.name}`,
    spec: plainSpec(
      'labels',
      columns.map(({ name, type }) => plainColumn(name, type)),
    ),
  };
  labelTables.set(view, table);
  return table;
}

/** The label's columns first, `label` (its place) and `as_of` among them, then the view's outputs named `f_…`. */
export async function datasetRows(
  session: DuckDbSession,
  project: Project,
  view: CompiledView,
  labels: readonly Label[],
  ties: 'include' | 'exclude',
  form: DatasetForm,
): Promise<ActualRow[]> {
  const keys = labelColumns(project, view);
  const columns = [...keys, { name: 'label', type: INTEGER }, { name: 'as_of', type: INSTANT }];
  const rows = labels.map((label, i) => [...keys.map(({ name }) => label.columns[name]!), i, label.t]);
  const table = labelTable(view, columns);
  await loadRows(session, table.name, table.spec, rows);
  const sql = emitDatasetSql(
    {
      labels: {
        relation: `"${table.name}"`,
        ordinal: 'rowid',
        columns: columns.map(({ name }) => name),
        instant: 'as_of',
      },
      features: view.plan.outputs.map(({ name }, ordinal) => ({ view: view.plan, ordinal, name: `f_${name}` })),
      ties,
      form,
    },
    { dialect: 'duckdb', functions: FUNCTIONS },
  );
  const result = await session.readColumns(sql, FEW_ROWS);
  return actualRows(result.names, result.types, result.batch);
}

const INTEGER: SqlType = { kind: 'integer' };
const INSTANT: SqlType = { kind: 'timestamptz' };
