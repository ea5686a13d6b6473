import { createHash } from 'node:crypto';
import type { ColumnSpec, SourceSpec } from '../../runtime/values/manifest.ts';
import { printType, type SqlType } from '../../runtime/values/types.ts';
import type { CatalogSource } from '../catalog/source.ts';
import type { Expr } from '../parse/ast.ts';
import type { PlanExpr, SourcePlan } from '../plan/plan.ts';
import { canonicalExpr, canonicalValue } from './canonical.ts';
import { coerce, TEXT } from './coerce.ts';
import type { BindContext } from './context.ts';
import { bindCondition, bindExpr } from './expr.ts';
import { canonicalPath } from './paths.ts';
import { unknownColumn } from './unknown-column.ts';
import { somePlan } from './walk.ts';

/** Reads the text of `@only`; given by the caller, since parsing is a stage of its own. */
export type ExpressionReader = (tag: { readonly value: string; readonly valueSpan: PlanExpr['span'] }) => Expr | null;

/** Binds checks, defaults and `@only`, and fingerprints the source. */
export function bindSource(source: CatalogSource, readExpression: ExpressionReader): SourcePlan {
  const { ast, faults } = source;
  const file = faults.file;
  const context = recordContext(source, 'FSC2029', 'a check');
  const written = [...ast.columns.flatMap((column) => column.checks), ...ast.checks];
  const bound = written.map((check) => bindCondition(check.expr, context, 'a check is a condition'));
  const checks = bound.filter((check) => check !== null);
  const columns = source.spec.columns.map((column, index) => withDefault(source, column, index));
  const only = bindOnly(source, readExpression);
  const spec: SourceSpec = {
    ...source.spec,
    columns,
    checks: written.map((check) => ({ sql: file.text.slice(check.expr.span.start, check.expr.span.end) })),
    onlySql: only.expr === null ? null : (source.only?.value ?? null),
    onlyPaths: only.columns.slice(columns.length).map((column) => column.path),
  };
  const plan = { file, checks, only: only.expr, onlyColumns: only.columns };
  return { ...plan, spec: { ...spec, fingerprint: sourceFingerprint(spec, checks, only.expr) } };
}

/** A source's own columns are in scope, and nothing else. */
function recordContext(source: CatalogSource, code: 'FSC2029' | 'FSC2030' | 'FSC2035', what: string): BindContext {
  const { faults, spec } = source;
  const refuse = (span: PlanExpr['span'], thing: string): null => faults.error(code, span, `${thing} in ${what}`);
  return {
    faults,
    column(node) {
      const name = node.name.name;
      const index = spec.columns.findIndex((column) => column.name === name);
      const column = spec.columns[index];
      const declared = source.ast.columns[index];
      // What a column of an unknown type may stand beside nobody knows.
      if (declared !== undefined && faults.poisoned.has(declared.type)) return null;
      const isQualified = node.qualifier !== null && node.qualifier.name !== spec.name;
      if (column !== undefined && !isQualified) {
        return { kind: 'column', type: column.type, column: index, name, span: node.span };
      }
      const names = spec.columns.map((candidate) => candidate.name);
      return unknownColumn(node.name, spec.name, names, faults);
    },
    now: (node) => refuse(node.span, 'now()'),
    aggregate: (node) => refuse(node.span, 'an aggregate'),
    over: (node) => refuse(node.span, 'a window function'),
    insteadOfSubquery:
      code === 'FSC2030'
        ? 'write a constant'
        : `${what} reads its own record: use the columns of \`${spec.name}\` only`,
    whole: () => undefined,
  };
}

function withDefault(source: CatalogSource, column: ColumnSpec, index: number): ColumnSpec {
  const written = source.ast.columns[index]?.defaultValue ?? null;
  if (written === null || source.faults.poisoned.has(source.ast.columns[index]?.type ?? written)) return column;
  const { faults } = source;
  const base = recordContext(source, 'FSC2030', 'a default');
  const bound = bindExpr(written, {
    ...base,
    column: (node) => faults.error('FSC2030', node.span, `column \`${node.name.name}\` in a default`),
  });
  if (bound === null) return column;
  const typed = bound.kind === 'const' ? coerce(bound, column.type, faults) : null;
  if (typed === null || typed.kind !== 'const' || !isWritten(bound.type, column.type)) {
    if (bound.kind !== 'const' || typed !== null) {
      faults.error('FSC2030', written.span, `the default is no constant of type ${printType(column.type)}`);
    }
    return column;
  }
  return { ...column, defaultValue: typed.value };
}

/** A boolean is no default of a number, whatever a cast would make of it. */
function isWritten(written: SqlType, wanted: SqlType): boolean {
  const numeric = ['smallint', 'integer', 'bigint', 'decimal', 'real', 'double'];
  if (written.kind === 'unknown' || written.kind === wanted.kind) return true;
  return numeric.includes(written.kind) && numeric.includes(wanted.kind);
}

interface BoundOnly {
  readonly expr: PlanExpr | null;
  readonly columns: SourcePlan['onlyColumns'];
}

function bindOnly(source: CatalogSource, readExpression: ExpressionReader): BoundOnly {
  const { only, spec, faults } = source;
  if (only === null) return { expr: null, columns: [] };
  const columns: { name: string; type: SqlType; path: readonly string[] }[] = spec.columns.map((column) => ({
    name: column.name,
    type: column.type,
    path: column.path,
  }));
  const ast = readExpression(only);
  if (ast === null) return { expr: null, columns };
  const context: BindContext = {
    ...recordContext(source, 'FSC2035', '`@only`'),
    column(node) {
      const path = node.qualifier === null ? [node.name.name] : [node.qualifier.name, node.name.name];
      const name = canonicalPath(path);
      let index = columns.findIndex((column) => column.name === name);
      if (index < 0) index = columns.push({ name, type: TEXT, path }) - 1;
      return { kind: 'column', type: columns[index]?.type ?? TEXT, column: index, name, span: node.span };
    },
  };
  return { expr: bindCondition(ast, { ...context, faults }, '`@only` is a condition'), columns };
}

/** Over what decides verdicts and values: not over layout, comments or descriptions. */
function sourceFingerprint(spec: SourceSpec, checks: readonly PlanExpr[], only: PlanExpr | null): string {
  const all = new Set(spec.columns.map((_, index) => index));
  return `fs1:${createHash('sha256')
    .update(sourceText(spec, checks, only, all))
    .digest('hex')}`;
}

/** The meaning of a source for whoever reads the columns `read`: what its checks, times and key read counts always. */
export function sourceText(
  spec: SourceSpec,
  checks: readonly PlanExpr[],
  only: PlanExpr | null,
  read: ReadonlySet<number>,
): string {
  const used = new Set([...read, ...spec.keyColumns, spec.eventTimeColumn, spec.partitionColumn]);
  for (const check of checks) somePlan(check, (node) => node.kind === 'column' && used.add(node.column) === null);
  const name = (index: number): string => spec.columns[index]?.name ?? '';
  return [
    `${spec.name} ${spec.kind}`,
    ...spec.columns
      .filter((_, index) => used.has(index))
      .map(columnText)
      .sort(),
    `time ${name(spec.eventTimeColumn)}`,
    `key ${spec.keyColumns.map(name).join()}`,
    `late ${spec.latenessMicros} ahead ${spec.maxAheadMicros}`,
    `known ${JSON.stringify(spec.knownTimePath)} partition ${name(spec.partitionColumn)}`,
    ...checks.map((check) => `check ${canonicalExpr(check)}`).sort(),
    `only ${only === null ? '' : canonicalExpr(only)} ${JSON.stringify(spec.onlyPaths)}`,
  ].join('\n');
}

function columnText(column: ColumnSpec): string {
  const value = column.hasDefault ? `=${canonicalValue(column.defaultValue)}` : '';
  const path = `${JSON.stringify(column.path)} ${column.epochUnit ?? ''}`;
  return `column ${column.name} ${printType(column.type)}${column.nullable ? '' : '!'}${value} ${path}`;
}
