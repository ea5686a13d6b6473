import type { ColumnSpec, SourceSpec, ViewSpec } from '../../../runtime/values/manifest.ts';
import { printType, type Value } from '../../../runtime/values/types.ts';
import type { ProjectPlan } from '../../plan/plan.ts';

/** Raise it when the shape of manifest.json changes (schemas/manifest.schema.json). */
export const MANIFEST_VERSION = 1;

/** `generated/manifest.json`: what the project declares and computes, for tools. Equal plans give equal bytes. */
export function emitManifest(plan: ProjectPlan): string {
  const manifest = {
    $schema: 'https://unpkg.com/fsc/schemas/manifest.schema.json',
    version: MANIFEST_VERSION,
    sources: [...plan.sources].map((source) => sourceEntry(source.spec)).sort(byName),
    views: [...plan.views].map((view) => viewEntry(view.spec)).sort(byName),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function sourceEntry(spec: SourceSpec) {
  const log = spec.kind === 'log';
  return {
    name: spec.name,
    kind: spec.kind,
    description: spec.description,
    fingerprint: spec.fingerprint,
    eventTime: log ? (spec.columns[spec.eventTimeColumn]?.name ?? null) : null,
    primaryKey: spec.keyColumns.map((column) => spec.columns[column]!.name),
    latenessMicros: log ? spec.latenessMicros : null,
    maxAheadMicros: log ? spec.maxAheadMicros : null,
    knownTime: spec.knownTimePath,
    partition: spec.columns[spec.partitionColumn]?.name ?? null,
    checks: spec.checks.map((check) => check.sql),
    only: spec.onlySql,
    columns: spec.columns.map(columnEntry),
  };
}

function columnEntry(column: ColumnSpec) {
  return {
    name: column.name,
    type: printType(column.type),
    nullable: column.nullable,
    description: column.description,
    path: column.path,
    epochUnit: column.epochUnit,
    ...(column.hasDefault ? { default: jsonValue(column.defaultValue) } : {}),
  };
}

function viewEntry(spec: ViewSpec) {
  return {
    name: spec.name,
    shape: spec.shape,
    fingerprint: spec.fingerprint,
    source: spec.source,
    description: spec.description,
    owner: spec.owner,
    entity: spec.entity.map((column) => ({
      name: column.name,
      type: printType(column.type),
      ordinal: column.ordinal,
    })),
    features: spec.features.map((feature) => ({
      name: feature.name,
      type: printType(feature.type),
      ordinal: feature.ordinal,
      agreement: feature.agreement,
      description: feature.description,
      lineage: feature.lineage,
    })),
    joins: spec.joins.map((join) => ({ view: join.view, inner: join.inner })),
    state: spec.stateNotes,
  };
}

/** Numbers that JSON readers would round, and those that it has no word for, as text. */
function jsonValue(value: Value): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value;
}
