/** How the generated `ingest` and `entitiesOf` find the entities of rows. */
import { isNumeric } from '../../../runtime/functions/support.ts';
import type { PlanExpr } from '../../plan/plan.ts';
import type { ExprPrinter } from '../js/print-expr.ts';
import type { BatchReader } from './batch-reader.ts';
import type { Layout } from './layout.ts';

/** Index of a text column that is the whole entity key: its ids are cached by dictionary code. */
function codedColumn(entity: readonly PlanExpr[]): number {
  const only = entity.length === 1 ? entity[0] : undefined;
  return only !== undefined && only.kind === 'column' && only.type.kind === 'text' ? only.column : -1;
}

export function entityHeader(entity: readonly PlanExpr[]): string[] {
  const coded = codedColumn(entity);
  if (coded < 0) return [];
  const vector = `batch.columns[${coded}]`;
  return [`  const ids = d${coded} === null ? null : s.codeIds(${vector}.dictionaryId, d${coded}.length);`];
}

/** `e`: the row's entity. `onNull` is done where a key is NULL. */
export function entityLines(
  entity: readonly PlanExpr[],
  reader: BatchReader,
  printer: ExprPrinter,
  onNull: string,
): void {
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
export function knownEntityLines(entity: readonly PlanExpr[], reader: BatchReader, printer: ExprPrinter): void {
  const coded = codedColumn(entity);
  if (coded >= 0) {
    codedLines(entity, coded, reader, printer, 'continue;');
    // No branch: one guessed wrongly would wait for the id, and the reads after it with it.
    printer.line('others[fresh] = r - from; fresh += e >>> 31;');
    return;
  }
  const values = keyValues(entity, printer, 'continue;');
  if (isNumber(entity)) {
    printer.line(`const key = ${values[0]}, e = s.knownNumber(key);`);
    printer.line('if (e < 0) {');
    for (const line of stageNumber('r - from')) printer.line(`  ${line}`);
    printer.line('}');
    return;
  }
  printer.line('const e = -1;');
  printer.line(`${keyParts(entity, values)} s.entities.stage(fresh); others[fresh++] = r - from;`);
}

/** The number `key` of the row at `place` goes on the list. */
function stageNumber(place: string): string[] {
  return [
    's.entities.number(key); s.entities.stage(fresh);',
    `numbers[fresh] = typeof key === 'number' ? key : NaN; others[fresh++] = ${place};`,
  ];
}

/** A key that is one number. */
export function isNumber(entity: readonly PlanExpr[]): boolean {
  return entity.length === 1 && entity[0]?.type.kind !== 'text';
}

/** Entities of the rows on the list. The first loops bring near what the last one looks at. */
export function newEntityLines(entity: readonly PlanExpr[], reader: BatchReader): string[] {
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

/**
 * The finder's loop where the key is one column that is never NULL, and no condition keeps a row out: loops of so few instructions that the
 * processor asks for many entities' places at a time. null: the key or the conditions are others.
 */
export function gatherLines(layout: Layout, entity: readonly PlanExpr[], reader: BatchReader): string[] | null {
  const [key] = entity;
  const isPlain = entity.length === 1 && key?.kind === 'column' && layout.keepsAll && !layout.rows;
  if (!isPlain || reader.nulls(key.column, key.type).isNull !== 'false') return null;
  if (key.type.kind === 'text') return gatherCodes(key.column);
  return isNumeric(key.type) ? gatherNumbers(key.column, reader.number(key.column, key.type)) : null;
}

function gatherCodes(column: number): string[] {
  const code = (row: string): string => `ids[q${column}[rows[${row}]]]`;
  return [
    '    if (ids === null) ahead.fill(-1, 0, to - from);',
    '    else {',
    '      let r = from;',
    '      for (; r < to - 3; r += 4) {',
    `        const a = ${code('r')}, b = ${code('r + 1')}, c = ${code('r + 2')}, d = ${code('r + 3')};`,
    '        ahead[r - from] = a; ahead[r - from + 1] = b; ahead[r - from + 2] = c; ahead[r - from + 3] = d;',
    '      }',
    `      for (; r < to; r++) ahead[r - from] = ${code('r')};`,
    '    }',
    '    for (let j = 0; j < to - from; j++) { others[fresh] = j; fresh += ahead[j] >>> 31; }',
  ];
}

/** `key`: the row's, as it is printed. */
function gatherNumbers(column: number, key: string): string[] {
  return [
    '    const near = s.direct;',
    '    for (let r = from; r < to; r++) {',
    `      const x = d${column}[rows[r]], k = x | 0;`,
    '      ahead[r - from] = k === x && k >= 0 && k < near.length ? near[k] - 1 : -1;',
    '    }',
    '    for (let j = 0; j < to - from; j++) {',
    '      if (ahead[j] >= 0) continue;',
    '      const row = rows[from + j];',
    `      const key = ${key};`,
    ...stageNumber('j').map((line) => `      ${line}`),
    '    }',
  ];
}
