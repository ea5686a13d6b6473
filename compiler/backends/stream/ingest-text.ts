import type { ScalarFunction } from '../../../runtime/functions/definition.ts';
import type { PlanExpr } from '../../plan/plan.ts';
import { ExprPrinter, isTrue } from '../js/print-expr.ts';
import { BatchReader } from './batch-reader.ts';
import { entityHeader, entityLines, gatherLines, isNumber, knownEntityLines, newEntityLines } from './entity-text.ts';
import type { Layout, RingColumn } from './layout.ts';
import { AHEAD, touchText } from './touch-text.ts';

export type ScalarLookup = (name: string) => ScalarFunction;

/** `ingest` and `entitiesOf` of a group. */
export function ingestText(layout: Layout, scalar: ScalarLookup): string {
  return `${ingestFunction(layout, scalar)}\n${entitiesFunction(layout, scalar)}`;
}

/**
 * Three steps over a few hundred rows at a time. The first finds entities. The second asks for every place that the third will need: what it asks
 * for does not wait for each other, so with many entities the cache misses overlap, which doubles the rate. The third stores events; an
 * entity's windows move only when its block is full (or somebody reads it), over many events at once. An event that is newer than all stands
 * behind its entity's last one, which needs no look at that.
 */
function ingestFunction(layout: Layout, scalar: ScalarLookup): string {
  const first = layout.views[0] as Layout['views'][number];
  const source = first.plan.source;
  const reader = new BatchReader(source);
  const newPrinter = (countError: (expr: PlanExpr) => string): ExprPrinter =>
    new ExprPrinter({ scalar, leaf: (expr, p) => reader.leaf(expr, p), countError });
  // What is admitted is looked at again below, which counts its errors.
  let isAdmitting = true;
  const finder = newPrinter((expr) => (isAdmitting ? ';' : layout.keyUsers.statement(expr)));
  finder.line('ahead[r - from] = -1;');
  if (!layout.keepsAll || layout.rows) admit(layout, finder);
  isAdmitting = false;
  knownEntityLines(first.plan.entity, reader, finder);
  finder.line('ahead[r - from] = e;');

  const gather = gatherLines(layout, first.plan.entity, reader);

  const printer = newPrinter(layout.users.statement);
  const predicates = admit(layout, printer);
  printer.line('const e = ahead[r - from];');
  printer.line('if (e < 0) continue;');
  const values = columnValues(layout, printer);
  maskLines(layout, predicates, values, printer);
  storeLines(layout, values, printer);
  reader.header.push(`const times = batch.columns[${source.eventTimeColumn}].values;`);
  const rowLoop = (lines: readonly string[]): string[] => [
    '    for (let r = from; r < to; r++) {',
    '      const row = rows[r];',
    ...lines.map((line) => `    ${line}`),
    '    }',
  ];
  return [
    `const found = new Int32Array(${AHEAD}), unknown = new Int32Array(${AHEAD});`,
    ...(isNumber(first.plan.entity) ? [`const numbers = new Float64Array(${AHEAD});`] : []),
    'function ingest(batch, rows, count) {',
    '  const ahead = found, others = unknown;',
    ...reader.header.map((line) => `  ${line}`),
    ...entityHeader(first.plan.entity),
    '  const settled = s.line - 1;',
    '  if (settled > -Infinity) thresholds(settled, settled);',
    '  let newest = s.newest, isMixed = false;',
    `  for (let from = 0; from < count; from += ${AHEAD}) {`,
    `    const to = Math.min(count, from + ${AHEAD});`,
    '    let fresh = 0;',
    '    s.entities.begin();',
    ...(gather ?? rowLoop(finder.lines)),
    ...newEntityLines(first.plan.entity, reader),
    '    s.warm = touch(to - from, settled, isMixed);',
    '    isMixed = false;',
    '    const blocks = s.blocks;',
    '    let f = s.floats, g = s.ints;',
    ...rowLoop(printer.lines),
    '    s.newest = newest;',
    '  }',
    '}',
    touchText(layout),
  ].join('\n');
}

/** Leaves out rows that no view takes, and gives the conditions that the predicates became. */
function admit(layout: Layout, printer: ExprPrinter): Map<PlanExpr, string> {
  const { plan } = layout.views[0] as Layout['views'][number];
  if (layout.rows && plan.where !== null) printer.line(`if (!${isTrue(printer.print(plan.where))}) continue;`);
  const predicates = new Map<PlanExpr, string>();
  for (const condition of layout.conditions) {
    for (const predicate of condition.predicates) {
      if (!predicates.has(predicate)) predicates.set(predicate, isTrue(printer.print(predicate)));
    }
  }
  if (!layout.keepsAll && !layout.rows) printer.line(`if (!(${keepCondition(layout, predicates)})) continue;`);
  return predicates;
}

function keepCondition(layout: Layout, predicates: ReadonlyMap<PlanExpr, string>): string {
  const used = new Set<number>();
  for (const window of layout.windows) for (const acc of window.accumulators) used.add(acc.condition);
  const tests = [...used].map((index) => {
    const condition = layout.conditions[index];
    const all = condition?.predicates.map((predicate) => predicates.get(predicate) as string) ?? [];
    return all.length === 0 ? 'true' : `(${all.join(' && ')})`;
  });
  return [...new Set(tests)].join(' || ') || 'false';
}

interface Stored {
  readonly stored: string;
  readonly isNull: string;
}

/** The number that goes into the ring for each column: 0 for NULL, an id for text, −0 as 0. */
function columnValues(layout: Layout, printer: ExprPrinter): Stored[] {
  return layout.columns.map((column) => {
    const operand = printer.print(column.expr);
    if (operand.isNull === 'true') return { stored: '0', isNull: 'true' };
    const stored = encode(column, operand.value);
    const value = operand.isNull === 'false' ? stored : `${operand.isNull} ? 0 : ${stored}`;
    return { stored: value, isNull: operand.isNull };
  });
}

function encode(column: RingColumn, value: string): string {
  if (column.holds === 'text') return `s.texts.textId(${value})`;
  if (column.holds === 'hybrid') return `s.texts.hybrid(${value})`;
  if (column.expr.type.kind === 'boolean') return `(${value} ? 1 : 0)`;
  return column.holds === 'double' ? `${value} + 0` : value;
}

function maskLines(
  layout: Layout,
  predicates: ReadonlyMap<PlanExpr, string>,
  values: readonly Stored[],
  printer: ExprPrinter,
): void {
  for (let mask = 0; mask < layout.masks; mask++) printer.line(`let m${mask} = 0;`);
  for (const condition of layout.conditions) {
    const tests = condition.predicates.map((predicate) => predicates.get(predicate) as string);
    const isNull = condition.notNull === null ? 'false' : (values[condition.notNull.index] as Stored).isNull;
    if (isNull !== 'false') tests.push(`!${isNull}`);
    const set = `m${condition.index >> 5} |= ${1 << (condition.index & 31)};`;
    printer.line(tests.length === 0 ? set : `if (${tests.join(' && ')}) ${set}`);
  }
}

function storeLines(layout: Layout, values: readonly Stored[], printer: ExprPrinter): void {
  printer.line('const t = times[row];');
  printer.line('if (t <= settled) rt.behindLine(t, settled);');
  values.forEach((value, i) => {
    printer.line(`const x${i} = ${value.stored};`);
  });
  printer.line('const B = (e + 1) * 4;');
  printer.line('let n = blocks[B + 1];');
  // `touch` made room for one event: full again is who has two of these rows or more.
  printer.line('if (n === blocks[B + 2]) { room(e + 1, settled); f = s.floats; g = s.ints; n = blocks[B + 1]; }');
  printer.line('let i = blocks[B] + n;');
  printer.line('if (t > newest) { newest = t; blocks[B + 1] = n + 1; }');
  printer.line(`else if (n === 0 || ${layout.time('i - 1')} < t) { isMixed = true; blocks[B + 1] = n + 1; }`);
  const keys = layout.keyColumns.map((column, i) => `s.newKeys[${i}] = x${column};`);
  printer.line(`else { isMixed = true; ${keys.join(' ')} i = s.insert(e, t); }`);
  printer.line(`${layout.time('i')} = t;`);
  for (const column of layout.columns) printer.line(`${layout.value(column, 'i')} = x${column.index};`);
  for (let mask = 0; mask < layout.masks; mask++) printer.line(`${layout.mask(mask, 'i')} = m${mask};`);
  printer.line('if (blocks[B + 3] === 0) s.markDirty(e);');
}

function entitiesFunction(layout: Layout, scalar: ScalarLookup): string {
  const { plan } = layout.views[0] as Layout['views'][number];
  const reader = new BatchReader(plan.source);
  const printer = new ExprPrinter({ scalar, leaf: (expr, p) => reader.leaf(expr, p), countError: () => ';' });
  entityLines(plan.entity, reader, printer, 'out[r] = -1; continue;');
  printer.line('out[r] = e;');
  return [
    'function entitiesOf(batch, rows, count, out) {',
    ...reader.header.map((line) => `  ${line}`),
    ...entityHeader(plan.entity),
    '  for (let r = 0; r < count; r++) {',
    '    const row = rows[r];',
    ...printer.lines.map((line) => `  ${line}`),
    '  }',
    '}',
  ].join('\n');
}
