import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { QueryResult, QuerySession } from '../../runtime/engines/duckdb/query.ts';
import { assertDistinctNames } from '../../runtime/engines/duckdb/query.ts';
import { counted } from '../../runtime/values/counted.ts';
import type { Value } from '../../runtime/values/types.ts';
import type { CommandRunner, ExitStatus } from '../cli.ts';
import { sourceFiles } from '../inputs.ts';
import { type GlobalFlags, type Io, say, writeOut } from '../io.ts';
import { addSourceOption, locationsOf } from '../locations.ts';
import { OutFile } from '../out-file.ts';
import { countsText } from '../read-text.ts';
import { Relations } from '../relations.ts';
import { type NumberFormat, numbersOption, plainText, writeJsonRows, writeTable } from '../result-rows.ts';
import { openWorkspace } from '../workspace.ts';

interface QueryFlags {
  readonly out?: string;
  readonly source?: readonly string[];
  readonly numbers: NumberFormat;
}

export function register(program: Command, run: CommandRunner): void {
  const command = program.commands.find((candidate) => candidate.name() === 'query') as Command;
  addSourceOption(command)
    .argument('<sql>', 'one SELECT of DuckDB, or - to read it from stdin')
    .option('--out <file>', 'write the rows to FILE.parquet, .csv or .jsonl, whole or not at all')
    .addOption(numbersOption())
    .addHelpText(
      'after',
      `
Every source is a table of its accepted records, every view a macro of the instant:
  fsc query "SELECT origin, count(*) FROM flights GROUP BY origin"
  fsc query "SELECT * FROM airport_delays_v1(TIMESTAMP '2001-03-01 12:00')"
The same stand in .fsc/catalogue.duckdb, for notebooks.`,
    )
    .action(async (sql: string) => {
      await run(command, async (io, flags) => query(io, flags, sql, command.opts<QueryFlags>()));
    });
}

async function query(io: Io, flags: GlobalFlags, text: string, options: QueryFlags): Promise<ExitStatus> {
  const out = options.out === undefined ? null : OutFile.at(io.cwd, options.out);
  const sql = text === '-' ? await readAll(io.stdin) : text;
  const workspace = await openWorkspace(io, flags);
  if (workspace === null) return 1;
  const locations = locationsOf(workspace, options.source);
  out?.refuseInput(sourceFiles(workspace.project, locations));
  const relations = new Relations(io, flags, workspace, locations);
  if (out === null) await relations.withSession({}, (session) => show(io, flags, session, sql, options.numbers));
  else await writeFile(io, flags, relations, sql, out, options.numbers);
  tellRefused(io, flags, relations);
  await relations.refreshCatalogue();
  return 0;
}

/** Of the files that were read now; what runs refused, they have told. */
function tellRefused(io: Io, flags: GlobalFlags, { read }: Relations): void {
  for (const [name, { historyCounts }] of read) {
    const { late, reasons } = historyCounts;
    const refused = countsText(late === 0 ? reasons : { ...reasons, late });
    if (refused !== '') say(io, flags, `not in ${name}: ${refused} (a run keeps them, fsc quarantine lists them)`);
  }
}

async function show(
  io: Io,
  flags: GlobalFlags,
  session: QuerySession,
  sql: string,
  numbers: NumberFormat,
): Promise<void> {
  const result = await session.query(sql);
  const { columns, parts } = result;
  if (flags.format === 'json') {
    assertDistinctNames(columns.map(({ name }) => name));
    await writeJsonRows(io.stdout, columns, parts, numbers);
  } else if (result.isExplain) await showPlan(io, result);
  else {
    const rows = await writeTable(io.stdout, columns, parts);
    say(io, flags, counted(rows, 'row'));
  }
}

/** A plan is a drawing: its lines as they are. */
async function showPlan(io: Io, { parts }: QueryResult): Promise<void> {
  for await (const rows of parts) for (const row of rows) await writeOut(io.stdout, `${drawing(row.at(-1) ?? null)}\n`);
}

function drawing(value: Value): string {
  return String(value).split('\n').map(plainText).join('\n').trimEnd();
}

async function writeFile(
  io: Io,
  flags: GlobalFlags,
  relations: Relations,
  sql: string,
  out: OutFile,
  numbers: NumberFormat,
): Promise<void> {
  const rows = await out.write(async () =>
    relations.withSession({ writableFiles: [out.temporary] }, (session) => out.fill(session, sql, numbers)),
  );
  if (flags.format === 'json') await writeOut(io.stdout, `${JSON.stringify({ rows, out: out.name })}\n`);
  else say(io, flags, `${counted(rows, 'row')} written to ${out.name}`);
}
