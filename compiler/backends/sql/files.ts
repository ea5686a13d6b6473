import type { Dialect } from '../../../runtime/functions/definition.ts';
import type { ViewPlan } from '../../plan/plan.ts';
import { instantOf } from './bounds.ts';
import { declaredType } from './print-const.ts';
import type { FunctionTable } from './print-expr.ts';
import { commentText, quoteName, quoteText, UnsupportedSql } from './text.ts';
import { emitViewSql, type RowsForm } from './view-sql.ts';

/** The instant's name: `at` is a reserved word in DuckDB (rules.md 27). */
const PARAMETER = 'as_of';

/** `duckdb/<view>_v<N>.sql`: table macros of the instant, over relations named like the sources. */
export function duckdbFile(view: ViewPlan, functions: FunctionTable): string {
  const { name } = view.spec;
  const lines = [
    heading(view, 'a table macro of the instant: SELECT * FROM', `${name}(TIMESTAMP '2001-01-01 12:00:00')`),
  ];
  lines.push(macro(name, view, 'every', functions));
  if (view.kind === 'rows')
    lines.push('', "-- Each entity's latest row only.", macro(`${name}_latest`, view, 'latest', functions));
  return `${lines.join('\n')}\n`;
}

function macro(name: string, view: ViewPlan, rows: RowsForm, functions: FunctionTable): string {
  const body = emitViewSql(view, instantOf(PARAMETER, 'duckdb'), rows, { dialect: 'duckdb', functions });
  return `CREATE OR REPLACE MACRO ${quoteName(name)}(${PARAMETER}) AS TABLE\n${body};`;
}

/** `postgres/<view>_v<N>.sql`: a function of the instant that returns a table. */
export function postgresFile(view: ViewPlan, functions: FunctionTable): string {
  const { name } = view.spec;
  const lines = [heading(view, 'a function of the instant: SELECT * FROM', `${name}(TIMESTAMP '2001-01-01 12:00:00')`)];
  lines.push('BEGIN;', postgresFunction(name, view, 'every', functions));
  if (view.kind === 'rows') {
    lines.push('', "-- Each entity's latest row only.", postgresFunction(`${name}_latest`, view, 'latest', functions));
  }
  lines.push('COMMIT;');
  return `${lines.join('\n')}\n`;
}

function postgresFunction(name: string, view: ViewPlan, rows: RowsForm, functions: FunctionTable): string {
  // $1 and not a name: a source may have a column of any name.
  const body = emitViewSql(view, '$1', rows, { dialect: 'postgres', functions });
  const outputs = view.outputs.map((output) => ({ name: output.name, type: declaredType(output.type, 'postgres') }));
  const columns = outputs.map((output) => `${quoteName(output.name)} ${output.type}`);
  const parameter = { name: outputs.some((output) => output.name === PARAMETER) ? '' : PARAMETER, type: 'timestamp' };
  return [
    dropOther(name, [parameter, ...outputs]),
    `CREATE OR REPLACE FUNCTION ${quoteName(name)}(${`${parameter.name} timestamp`.trimStart()})`,
    `RETURNS TABLE (${columns.join(', ')})`,
    'LANGUAGE sql STABLE',
    ...PINNED,
    'BEGIN ATOMIC',
    `${body};`,
    'END;',
  ].join('\n');
}

/**
 * A function is replaced, with its grants and the views over it, unless its columns are others: those can't be replaced. The one in the schema that
 * the new one goes to, and no other that the search path leads to.
 */
function dropOther(name: string, columns: readonly { readonly name: string; readonly type: string }[]): string {
  const texts = (all: readonly string[]): string =>
    `ARRAY[${all.map((text) => quoteText(text, 'postgres')).join(', ')}]`;
  const body = [
    `DECLARE own regprocedure := to_regprocedure(format('%I.%I(timestamp)', current_schema(), ${quoteText(name, 'postgres')}));`,
    'BEGIN',
    '  IF EXISTS (SELECT FROM pg_catalog.pg_proc WHERE oid = own AND (proargnames, proallargtypes::regtype[]) IS DISTINCT FROM (',
    `    ${texts(columns.map((column) => column.name))},`,
    `    ${texts(columns.map((column) => column.type))}::regtype[]`,
    "  )) THEN EXECUTE format('DROP FUNCTION %s', own); END IF;",
    'END',
  ].join('\n');
  const quote = dollarQuote(body);
  return `DO ${quote}\n${body}\n${quote};`;
}

/** One that does not end within the text. */
function dollarQuote(text: string): string {
  let quote = '$$';
  for (let i = 0; text.includes(quote); i += 1) quote = `$fsc${i}$`;
  return quote;
}

/**
 * What times and intervals mean, whatever the caller's session says. Which relations and functions names stand for is settled by BEGIN ATOMIC: they
 * are bound where the function is made, as those of a view are, so that neither a search path nor a temporary table changes them.
 */
const PINNED = [
  "SET timezone TO 'UTC'",
  "SET datestyle TO 'ISO, YMD'",
  "SET intervalstyle TO 'postgres'",
  'SET extra_float_digits TO 1',
];

function heading(view: ViewPlan, what: string, call: string): string {
  const from = commentText(view.file.path);
  const about = view.spec.description === null ? [] : [`-- ${commentText(view.spec.description)}`];
  return [
    `-- ${commentText(view.spec.name)}: ${what} ${commentText(call)}`,
    ...about,
    `-- Written by fsc from ${from}; do not edit.`,
  ].join('\n');
}

/** Every SQL file of a project, by path under generated/. */
export function sqlFiles(views: readonly ViewPlan[], functions: FunctionTable): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const view of views) {
    for (const dialect of DIALECTS) files.set(`${dialect}/${view.spec.name}.sql`, fileOf(view, dialect, functions));
  }
  return files;
}

const DIALECTS = ['duckdb', 'postgres'] as const;
const WRITERS = { duckdb: duckdbFile, postgres: postgresFile };
/** Compiling writes each file once to see whether it can be said; that text is the file. */
const written = new WeakMap<ViewPlan, Map<string, { readonly functions: FunctionTable; readonly text: string }>>();

function fileOf(view: ViewPlan, dialect: Dialect, functions: FunctionTable): string {
  const texts = written.get(view) ?? new Map<string, { readonly functions: FunctionTable; readonly text: string }>();
  written.set(view, texts);
  const known = texts.get(dialect);
  if (known !== undefined && known.functions === functions) return known.text;
  const text = WRITERS[dialect](view, functions);
  texts.set(dialect, { functions, text });
  return text;
}

/** What a dialect cannot say of a view: compile errors at their spans. Empty for a view whose files can be written. */
export function unsupportedSql(view: ViewPlan, functions: FunctionTable): readonly UnsupportedSql[] {
  const faults: UnsupportedSql[] = [];
  for (const dialect of DIALECTS) {
    try {
      fileOf(view, dialect, functions);
    } catch (error) {
      if (!(error instanceof UnsupportedSql)) throw error;
      faults.push(error);
    }
  }
  return faults;
}
