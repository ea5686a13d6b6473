import { createHash } from 'node:crypto';
import type { SqlType } from '../../../runtime/values/types.ts';
import type { PlanExpr, ProjectPlan, RequestViewPlan, SourcePlan, ViewPlan } from '../../plan/plan.ts';
import { jsData, jsString } from '../js/escape.ts';
import { ExprPrinter, exprKey, isTrue, type JsOperand, type LeafExpr } from '../js/print-expr.ts';
import { advanceText } from './advance-text.ts';
import { BatchReader } from './batch-reader.ts';
import { ingestText, type ScalarLookup } from './ingest-text.ts';
import { Layout, type StateViewPlan } from './layout.ts';
import { readText } from './read-text.ts';
import { roomText } from './room-text.ts';
import { seenText } from './seen-text.ts';

export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

const HEADER = "import * as rt from 'fsc/runtime';\n";

/** The generated JavaScript of a project: a module a view, a group, and one for the sources. Equal plans give equal bytes. */
export function emitStreamWith(plan: ProjectPlan, scalar: ScalarLookup): { files: GeneratedFile[] } {
  const groups = groupViews(plan.views);
  const files: GeneratedFile[] = [];
  const places = new Map<string, { group: string; index: number }>();
  for (const views of groups) {
    const text = groupText(views, scalar);
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
    views.forEach((view, index) => {
      places.set(view.spec.name, { group: hash, index });
    });
    files.push({
      path: `generated/stream/group_${hash}.js`,
      text: text.replaceAll('__FINGERPRINT__', `group:${hash}`),
    });
  }
  for (const view of plan.views) {
    const place = places.get(view.spec.name) ?? null;
    files.push({ path: `generated/stream/${view.spec.name}.js`, text: viewText(view, place, scalar) });
  }
  files.push({ path: 'generated/stream/sources.js', text: sourcesText(plan, scalar) });
  return { files };
}

/** Views over one source and entity share a group; in shape B also one WHERE, since the ring holds only what passes it. */
function groupViews(views: readonly ViewPlan[]): StateViewPlan[][] {
  const groups = new Map<string, StateViewPlan[]>();
  for (const view of views) {
    if (view.kind === 'request') continue;
    const where = view.kind === 'rows' && view.where !== null ? exprKey(view.where) : '';
    const key = JSON.stringify([view.kind, view.source.name, view.entity.map(exprKey), where]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [view]);
    else group.push(view);
  }
  return [...groups.values()];
}

function groupText(views: readonly StateViewPlan[], scalar: ScalarLookup): string {
  const first = views[0] as StateViewPlan;
  const layout = new Layout(views);
  // Reading may ask for NULL bits, so it is printed before the layout is.
  const ingest = ingestText(layout, scalar);
  const advance = advanceText(layout);
  const read = readText(layout);
  const names = layout.views.map((_, i) => i);
  return `${HEADER}export const group = (() => {
const k = rt.kernels;
void k;
const bind = (s) => {
${advance}
${read}
${roomText(layout)}
${ingest}
${seenText(layout, ingest)}
return { ingest, entitiesOf, leastSeen, thresholds, advance, advanceAll, read: [${names.map((i) => `read${i}`)}], change: [${names.map((i) => `change${i}`)}] };
};
return rt.group({
  layout: ${layoutData(layout)},
  source: ${jsString(first.source.name)},
  views: ${jsData(views.map((view) => view.spec.name))},
  entityTypes: ${jsData(first.entity.map((key) => key.type))},
  slotTypes: ${jsData(views.flatMap((view) => view.slots.map((slot) => slot.type)))},
  sourceFingerprint: ${jsString(first.source.fingerprint)},
  bind,
});
})();
`;
}

function layoutData(layout: Layout): string {
  return jsData({
    fingerprint: '__FINGERPRINT__',
    stride: layout.stride,
    columns: layout.columns.map((column) => ({
      holds: column.holds,
      isWide: column.isWide,
      field: layout.field(column),
    })),
    keyColumns: layout.keyColumns,
    positions: layout.positions,
    tails: layout.tails.map((tail) => tail.field),
    deques: layout.deques.map((deque, i) => ({ ...deque, field: layout.dequeField(i) })),
    accumulators: layout.accumulators,
    sums: layout.sums,
    distincts: layout.distincts,
    kept: layout.kept,
  });
}

function viewText(view: ViewPlan, place: { group: string; index: number } | null, scalar: ScalarLookup): string {
  const slotTypes: readonly SqlType[] = view.kind === 'request' ? [] : view.slots.map((slot) => slot.type);
  const joins = view.kind === 'request' ? view.joins.map((_, i) => joinKeysFunction(view, i, scalar)) : [];
  return `${HEADER}export const view = (() => {
const k = rt.kernels;
void k;
${projectFunction(view, scalar)}
return {
  spec: ${jsData(view.spec)},
  group: ${place === null ? 'null' : jsString(`group:${place.group}`)},
  viewInGroup: ${place === null ? -1 : place.index},
  slotTypes: ${jsData(slotTypes)},
  project,
  joinKeys: [${joins.join(',\n')}],
};
})();
`;
}

function stage3Leaf(expr: LeafExpr, printer: ExprPrinter): JsOperand {
  if (expr.kind === 'now') return { value: 'now', isNull: 'false' };
  if (expr.kind === 'column') throw new Error('column in a stage-3 expression');
  const value = printer.temporary('c');
  const isNull = printer.temporary('z');
  printer.line(`const ${value} = ${stage3Place(expr)};`);
  printer.line(`const ${isNull} = ${value} === null;`);
  return { value, isNull };
}

function stage3Place(expr: Exclude<LeafExpr, { kind: 'now' | 'column' }>): string {
  switch (expr.kind) {
    case 'slot':
      return `input.slots[${expr.slot}]`;
    case 'key':
      return `input.keys[${expr.key}]`;
    case 'request':
      return `input.request[${expr.column}]`;
    case 'feature':
      return `(input.features[${expr.join}] === null ? null : input.features[${expr.join}][${expr.ordinal}])`;
  }
}

function projectFunction(view: ViewPlan, scalar: ScalarLookup): string {
  let column = '';
  const countError = (): string => `input.errors.count(${jsString(view.spec.name)}, ${jsString(column)});`;
  const printer = new ExprPrinter({ scalar, leaf: stage3Leaf, countError });
  if (view.kind === 'request') {
    view.joins.forEach((join, i) => {
      if (join.inner) printer.line(`if (input.features[${i}] === null) return false;`);
    });
  }
  const filter = view.kind === 'aggregate' ? view.having : view.kind === 'request' ? view.where : null;
  column = view.kind === 'aggregate' ? 'HAVING' : 'WHERE';
  if (filter !== null) printer.line(`if (!${isTrue(printer.print(filter))}) return false;`);
  view.outputs.forEach((output, i) => {
    column = output.name;
    const operand = printer.print(output.expr);
    // −0 is stored as 0.
    const isDouble = output.type.kind === 'double' || output.type.kind === 'real';
    const value = isDouble ? `${operand.value} + 0` : operand.value;
    if (operand.isNull === 'true') printer.line(`out[${i}] = null;`);
    else printer.line(`out[${i}] = ${operand.isNull === 'false' ? value : `${operand.isNull} ? null : ${value}`};`);
  });
  return [
    'function project(input, out) {',
    '  const now = input.nowMicros;',
    '  void now;',
    ...printer.lines,
    '  return true;',
    '}',
  ].join('\n');
}

function joinKeysFunction(view: RequestViewPlan, join: number, scalar: ScalarLookup): string {
  const leaf = (expr: LeafExpr, printer: ExprPrinter): JsOperand => {
    if (expr.kind !== 'request') throw new Error(`${expr.kind} in the key of a join`);
    const value = printer.temporary('c');
    const isNull = printer.temporary('z');
    printer.line(`const ${value} = request[${expr.column}];`);
    printer.line(`const ${isNull} = ${value} === null;`);
    return { value, isNull };
  };
  const printer = new ExprPrinter({ scalar, leaf, countError: () => ';' });
  (view.joins[join] as RequestViewPlan['joins'][number]).keys.forEach((key, i) => {
    printer.line(`keys[${i}] = ${printer.nullable(printer.print(key))};`);
  });
  return ['(request, keys) => {', ...printer.lines, '}'].join('\n');
}

function sourcesText({ sources, views }: ProjectPlan, scalar: ScalarLookup): string {
  return `${HEADER}export const sources = (() => {
const k = rt.kernels;
void k;
const s = { errors: { count() {} } };
void s;
return [
${sources.map((source) => sourceText(source, entityKeysOf(source, views), scalar)).join(',\n')}
];
})();
`;
}

/** Columns that are the key of a view, a list a view. Of computed keys a record does not tell how long they are. */
function entityKeysOf(source: SourcePlan, views: readonly ViewPlan[]): readonly (readonly number[])[] {
  const keys = new Map<string, readonly number[]>();
  for (const view of views) {
    if (view.kind === 'request' || view.source.name !== source.spec.name) continue;
    const columns = view.entity.map((key) => (key.kind === 'column' ? key.column : -1));
    if (columns.every((column) => column >= 0)) keys.set(columns.join(), columns);
  }
  return [...keys.values()];
}

function sourceText(source: SourcePlan, entityKeys: readonly (readonly number[])[], scalar: ScalarLookup): string {
  return `{
spec: ${jsData(source.spec)},
check: ${checkFunction(source, scalar)},
onlyColumns: ${jsData(source.onlyColumns)},
only: ${source.only === null ? 'null' : onlyFunction(source.only, scalar)},
entityKeys: ${jsData(entityKeys)},
}`;
}

function checkFunction(source: SourcePlan, scalar: ScalarLookup): string {
  const reader = new BatchReader(null);
  const printer = new ExprPrinter({ scalar, leaf: (expr, p) => reader.leaf(expr, p), countError: () => ';' });
  source.checks.forEach((check, i) => {
    const operand = printer.print(check);
    const isFalse = operand.isNull === 'false' ? `!${operand.value}` : `!${operand.isNull} && !${operand.value}`;
    printer.line(`if (${isFalse}) { broken[row] = ${i + 1}; continue; }`);
  });
  return rowLoop('(batch, length, broken) => {', reader, ['  broken[row] = 0;', ...printer.lines]);
}

function onlyFunction(only: PlanExpr, scalar: ScalarLookup): string {
  const reader = new BatchReader(null);
  const printer = new ExprPrinter({ scalar, leaf: (expr, p) => reader.leaf(expr, p), countError: () => ';' });
  printer.line(`taken[row] = ${isTrue(printer.print(only))} ? 1 : 0;`);
  return rowLoop('(batch, length, taken) => {', reader, printer.lines);
}

function rowLoop(head: string, reader: BatchReader, lines: readonly string[]): string {
  return [head, ...reader.header, 'for (let row = 0; row < length; row++) {', ...lines, '}', '}'].join('\n');
}
