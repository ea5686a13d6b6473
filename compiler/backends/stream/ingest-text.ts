import type { ScalarFunction } from '../../../runtime/functions/definition.ts';
import type { SourceSpec } from '../../../runtime/values/manifest.ts';
import type { SqlType } from '../../../runtime/values/types.ts';
import type { PlanExpr } from '../../plan/plan.ts';
import { jsString } from '../js/escape.ts';
import { ExprPrinter, isTrue, type JsOperand, type LeafExpr } from '../js/print-expr.ts';
import type { Layout, RingColumn } from './layout.ts';

export type ScalarLookup = (name: string) => ScalarFunction;

/** Reads columns of a batch as locals of the function and of its row loop. */
export class BatchReader {
  readonly header: string[] = [];
  readonly #seen = new Set<number>();
  readonly #source: SourceSpec | null;

  constructor(source: SourceSpec | null) {
    this.#source = source;
  }

  leaf(expr: LeafExpr, printer: ExprPrinter): JsOperand {
    if (expr.kind !== 'column') throw new Error(`${expr.kind} in a stage-1 expression`);
    return this.column(expr.column, expr.type, printer);
  }

  column(index: number, type: SqlType, printer: ExprPrinter): JsOperand {
    this.#declare(index, type);
    const value = printer.temporary('c');
    if (type.kind === 'text') {
      printer.line(`const ${value} = ${this.text(index)};`);
    } else if (type.kind === 'boolean') printer.line(`const ${value} = d${index}[row] !== 0;`);
    else if (isWide(type)) {
      printer.line(
        `const ${value} = w${index} !== null && Math.abs(d${index}[row]) > 9007199254740991 ? w${index}.get(row) : d${index}[row];`,
      );
    } else printer.line(`const ${value} = d${index}[row];`);
    if (this.#source?.columns[index]?.nullable === false) return { value, isNull: 'false' };
    const isNull = printer.temporary('z');
    printer.line(`const ${isNull} = n${index} !== null && n${index}[row] !== 0;`);
    return { value, isNull };
  }

  /** Whether a column is NULL in the row, for a condition. */
  nulls(index: number, type: SqlType): { readonly isNull: string } {
    this.#declare(index, type);
    if (this.#source?.columns[index]?.nullable === false) return { isNull: 'false' };
    return { isNull: `n${index} !== null && n${index}[row] !== 0` };
  }

  /** The row's text of a declared column. */
  text(index: number): string {
    return `d${index} !== null ? d${index}[q${index}[row]] : s${index}[row]`;
  }

  #declare(index: number, type: SqlType): void {
    if (this.#seen.has(index)) return;
    this.#seen.add(index);
    const vector = `batch.columns[${index}]`;
    this.header.push(`const n${index} = ${vector}.nulls;`);
    if (type.kind === 'text') {
      this.header.push(`const d${index} = ${vector}.codes === null ? null : ${vector}.dictionary;`);
      this.header.push(`const q${index} = ${vector}.codes, s${index} = ${vector}.strings;`);
    } else {
      this.header.push(`const d${index} = ${vector}.values;`);
      if (isWide(type)) this.header.push(`const w${index} = ${vector}.wide;`);
    }
  }
}

export function isWide(type: SqlType): boolean {
  return type.kind === 'bigint' || (type.kind === 'decimal' && type.precision > 15);
}

/** Who is told when an expression of the one being printed fails. */
export class Blame {
  #statement = ';';

  set(view: string, columns: readonly string[]): void {
    this.#statement = `{ ${columns.map((name) => `s.errors.count(${jsString(view)}, ${jsString(name)});`).join(' ')} }`;
  }

  /** Nobody: another pass over the same expression counts. */
  clear(): void {
    this.#statement = ';';
  }

  readonly statement = (): string => this.#statement;
}

/** `ingest` and `entitiesOf` of a group. */
export function ingestText(layout: Layout, scalar: ScalarLookup): string {
  return `${ingestFunction(layout, scalar)}\n${entitiesFunction(layout, scalar)}`;
}

/** Rows at a time: their entities are found and their memory is asked for before any of them is worked on. */
const AHEAD = 256;

/**
 * Three loops over a few hundred rows at a time. The first finds entities. The second reads a word of every place that the third will need:
 * these reads do not wait for each other, so with many entities the cache misses overlap, which doubles the rate. The third stores events; an
 * entity's windows move only when its block is full (or somebody reads it), over many events at once.
 */
function ingestFunction(layout: Layout, scalar: ScalarLookup): string {
  const first = layout.views[0] as Layout['views'][number];
  const source = first.plan.source;
  const reader = new BatchReader(source);
  const blame = new Blame();
  const newPrinter = (): ExprPrinter =>
    new ExprPrinter({ scalar, leaf: (expr, p) => reader.leaf(expr, p), countError: blame.statement });
  const view = first.plan.spec.name;
  const finder = newPrinter();
  finder.line('found[r - from] = -1;');
  blame.clear();
  if (!layout.keepsAll || layout.rows) admit(layout, finder);
  blame.set(view, ['key']);
  knownEntityLines(first.plan.entity, reader, finder);
  finder.line('found[r - from] = e;');

  const printer = newPrinter();
  blame.set(view, ['WHERE']);
  const predicates = admit(layout, printer);
  printer.line('const e = found[r - from];');
  printer.line('if (e < 0) continue;');
  const values = columnValues(layout, printer, blame, view);
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
    ...reader.header.map((line) => `  ${line}`),
    ...entityHeader(first.plan.entity),
    '  const settled = s.line - 1;',
    '  if (settled > -Infinity) thresholds(settled, settled);',
    `  for (let from = 0; from < count; from += ${AHEAD}) {`,
    `    const to = Math.min(count, from + ${AHEAD});`,
    '    let fresh = 0;',
    '    s.entities.begin();',
    ...rowLoop(finder.lines),
    ...newEntityLines(first.plan.entity, reader),
    '    s.warm = touch(to - from, settled);',
    '    const blocks = s.blocks;',
    '    let f = s.floats, g = s.ints;',
    ...rowLoop(printer.lines),
    '  }',
    '}',
    touchFunctions(layout),
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

/** So many windows' places are looked at ahead: more would push out of the cache what was asked for first. */
const PLACES_AHEAD = 8;

/**
 * `near(k)` brings the cursors of the first k of `cursors` into the cache, and then the records where their windows stand. `touch(n, settled)`
 * brings blocks, then the last record of each entity, gives new ones a block, and makes room in the blocks that are full. Short loops without
 * branches, so that many reads are on the way at once.
 */
function touchFunctions(layout: Layout): string {
  const { stride, cursorStride, accumulators } = layout;
  const cursorLines: string[] = [];
  for (let at = 0; at < cursorStride; at += 8) cursorLines.push(` + acc[A + ${at}]`);
  const places = layout.offsets
    .slice(0, PLACES_AHEAD)
    .map((field) => ` + f[(b + Math.max(0, Math.min(last, pos[P + ${field}]))) * ${stride}]`);
  return [
    `const cursors = new Int32Array(${AHEAD}), fresh = new Int32Array(${AHEAD}), places = new Int32Array(${AHEAD});`,
    'function near(k) {',
    '  const blocks = s.blocks, f = s.floats, acc = s.acc, pos = s.pos;',
    '  let x = 0.5;',
    `  for (let j = 0; j < k; j++) { const A = cursors[j] * ${cursorStride}; x += 0${cursorLines.join('')}; }`,
    '  for (let j = 0; j < k; j++) {',
    `    const c = cursors[j], P = (c * ${cursorStride} + ${accumulators}) * 2, b = blocks[c * 4], last = blocks[c * 4 + 2] - 1;`,
    `    x += f[b * ${stride}]${places.join('')};`,
    '  }',
    '  return x;',
    '}',
    'function touch(n, settled) {',
    '  const blocks = s.blocks, f = s.floats;',
    '  let w = 0, k = 0, z = 0, x = 0.5;',
    '  for (let j = 0; j < n; j++) w ^= blocks[found[j] * 4 + 4];',
    '  for (let j = 0; j < n; j++) {',
    '    const c = found[j] + 1, end = blocks[c * 4 + 1], size = blocks[c * 4 + 2], none = (size - 1) >>> 31;',
    `    places[j] = Math.max(0, blocks[c * 4] + end - 1) * ${stride};`,
    '    cursors[k] = c; k += (1 + ((end - size) >> 31)) & (1 - none);',
    '    fresh[z] = c; z += none & (1 - ((c - 1) >>> 31));',
    '  }',
    '  for (let j = 0; j < n; j++) x += f[places[j]];',
    '  for (let j = 0; j < z; j++) { const c = fresh[j]; if (blocks[c * 4 + 2] === 0) s.firstBlock(c - 1); }',
    '  if (k > 0) x += near(k);',
    '  for (let j = 0; j < k; j++) {',
    '    const c = cursors[j];',
    // An entity stands there as often as it has events among these.
    '    if (blocks[c * 4 + 1] === blocks[c * 4 + 2]) room(c, settled);',
    '  }',
    '  return x + w;',
    '}',
    'function advanceAll(entities) {',
    `  for (let from = 0; from < entities.length; from += ${AHEAD}) {`,
    `    const k = Math.min(${AHEAD}, entities.length - from), blocks = s.blocks;`,
    '    for (let j = 0; j < k; j++) cursors[j] = entities[from + j] + 1;',
    '    s.warm = near(k);',
    '    for (let j = 0; j < k; j++) { const c = cursors[j], b = blocks[c * 4]; advance(c, b, b, blocks[c * 4 + 1]); }',
    '  }',
    '}',
  ].join('\n');
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

/** Index of a text column that is the whole entity key: its ids are cached by dictionary code. */
function codedColumn(entity: readonly PlanExpr[]): number {
  const only = entity.length === 1 ? entity[0] : undefined;
  return only !== undefined && only.kind === 'column' && only.type.kind === 'text' ? only.column : -1;
}

function entityHeader(entity: readonly PlanExpr[]): string[] {
  const coded = codedColumn(entity);
  if (coded < 0) return [];
  const vector = `batch.columns[${coded}]`;
  return [`  const ids = d${coded} === null ? null : s.codeIds(${vector}.dictionaryId, d${coded}.length);`];
}

/** `e`: the row's entity. `onNull` is done where a key is NULL. */
function entityLines(entity: readonly PlanExpr[], reader: BatchReader, printer: ExprPrinter, onNull: string): void {
  const coded = codedColumn(entity);
  if (coded >= 0) {
    codedLines(entity, coded, reader, printer, onNull);
    printer.line('if (e < 0) {');
    printer.line(`  s.entities.begin(); s.entities.text(${reader.text(coded)}); e = s.touch();`);
    printer.line(`  if (ids !== null) ids[q${coded}[row]] = e;`);
    printer.line('}');
    return;
  }
  const parts = keyParts(entity, keyValues(entity, printer, onNull));
  printer.line(`s.entities.begin(); ${parts}`);
  printer.line('const e = s.touch();');
}

/** `e`: the entity of the text's code, −1 if it is new. The text itself is far away in memory: it is looked at only then. */
function codedLines(
  entity: readonly PlanExpr[],
  coded: number,
  reader: BatchReader,
  printer: ExprPrinter,
  onNull: string,
): void {
  const { isNull } = reader.nulls(coded, (entity[0] as PlanExpr).type);
  if (isNull !== 'false') printer.line(`if (${isNull}) { ${onNull} }`);
  printer.line(`let e = ids === null ? -1 : ids[q${coded}[row]];`);
}

function keyValues(entity: readonly PlanExpr[], printer: ExprPrinter, onNull: string): string[] {
  const keys = entity.map((key) => printer.print(key));
  for (const key of keys) if (key.isNull !== 'false') printer.line(`if (${key.isNull}) { ${onNull} }`);
  return keys.map(({ value }, i) => (entity[i]?.type.kind === 'boolean' ? `${value} ? 1 : 0` : value));
}

/** Puts a key together in `s.entities`. */
function keyParts(entity: readonly PlanExpr[], values: readonly string[]): string {
  return values
    .map((value, i) => `s.entities.${entity[i]?.type.kind === 'text' ? 'text' : 'number'}(${value});`)
    .join(' ');
}

/**
 * `e`: the row's entity if its code or number was seen before. Others are put on the list `unknown`, since finding them takes long looks
 * into memory; they are staged here or, where their text has to be fetched first, by `newEntityLines`.
 */
function knownEntityLines(entity: readonly PlanExpr[], reader: BatchReader, printer: ExprPrinter): void {
  const coded = codedColumn(entity);
  if (coded >= 0) {
    codedLines(entity, coded, reader, printer, 'continue;');
    // No branch: one guessed wrongly would wait for the id, and the reads after it with it.
    printer.line('unknown[fresh] = r - from; fresh += e >>> 31;');
    return;
  }
  const values = keyValues(entity, printer, 'continue;');
  if (isNumber(entity)) {
    printer.line(`const key = ${values[0]}, e = s.knownNumber(key);`);
    printer.line('if (e < 0) {');
    printer.line('  s.entities.number(key); s.entities.stage(fresh);');
    printer.line("  numbers[fresh] = typeof key === 'number' ? key : NaN; unknown[fresh++] = r - from;");
    printer.line('}');
    return;
  }
  printer.line('const e = -1;');
  printer.line(`${keyParts(entity, values)} s.entities.stage(fresh); unknown[fresh++] = r - from;`);
}

/** A key that is one number. */
function isNumber(entity: readonly PlanExpr[]): boolean {
  return entity.length === 1 && entity[0]?.type.kind !== 'text';
}

/** Entities of the rows on the list. The first loops bring near what the last one looks at. */
function newEntityLines(entity: readonly PlanExpr[], reader: BatchReader): string[] {
  const coded = codedColumn(entity);
  const text = coded < 0 ? '' : reader.text(coded);
  const eachRow = (statement: string): string[] => [
    '    for (let k = 0; k < fresh; k++) {',
    '      const row = rows[from + unknown[k]];',
    `      ${statement}`,
    '    }',
  ];
  return [
    ...(coded < 0 ? [] : eachRow(`s.warm += (${text}).length;`)),
    ...(coded < 0 ? [] : eachRow(`s.entities.text(${text}); s.entities.stage(k);`)),
    '    s.warm += s.entities.warm(fresh);',
    '    for (let k = 0; k < fresh; k++) {',
    '      const e = s.touchStaged(k);',
    ...(isNumber(entity) ? ['      s.remember(numbers[k], e);'] : []),
    ...(coded < 0 ? [] : [`      if (ids !== null) ids[q${coded}[rows[from + unknown[k]]]] = e;`]),
    '      found[unknown[k]] = e;',
    '    }',
  ];
}

interface Stored {
  readonly stored: string;
  readonly isNull: string;
}

/** The number that goes into the ring for each column: 0 for NULL, an id for text, −0 as 0. */
function columnValues(layout: Layout, printer: ExprPrinter, blame: Blame, view: string): Stored[] {
  return layout.columns.map((column) => {
    blame.set(view, column.users.length > 0 ? column.users : ['key']);
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
  printer.line(`if (n === 0 || ${layout.time('i - 1')} < t) blocks[B + 1] = n + 1;`);
  const keys = layout.keyColumns.map((column, i) => `s.newKeys[${i}] = x${column};`);
  printer.line(`else { ${keys.join(' ')} i = s.insert(e, t); }`);
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
