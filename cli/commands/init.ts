import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandRunner, ExitStatus } from '../cli.ts';
import { EXAMPLE_NEXT, exampleFiles } from '../init/example.ts';
import { writeProject } from '../init/write-project.ts';
import { type GlobalFlags, type Io, say, writeOut } from '../io.ts';
import { shellWord } from '../shell.ts';

/** What was made, for people and for programs. */
export interface Made {
  readonly files: ReadonlyMap<string, string>;
  /** Lines that tell what it is. */
  readonly about: readonly string[];
  /** Commands to go on with, each with what it does. */
  readonly next: readonly (readonly [string, string])[];
}

export function register(program: Command, run: CommandRunner): void {
  const command = program.commands.find((candidate) => candidate.name() === 'init') as Command;
  command
    .argument('[dir]', 'the folder of the new project', '.')
    .option('--from <file>', 'make it from records: a .parquet, .csv or .jsonl file (also .gz)')
    .action(async (dir: string) => {
      await run(command, (io, flags) => init(io, flags, dir, command.opts<{ from?: string }>().from ?? null));
    });
}

async function init(io: Io, flags: GlobalFlags, dir: string, from: string | null): Promise<ExitStatus> {
  const root = resolve(io.cwd, dir);
  const made = from === null ? example() : await fromFile(io, root, from);
  const { files, missingIgnores } = writeProject(root, made.files);
  const next = dir === '.' ? made.next : [[`cd ${shellWord(dir)}`, ''] as const, ...made.next];
  if (flags.format === 'json') {
    const commands = next.map(([text]) => text);
    await writeOut(io.stdout, `${JSON.stringify({ project: root, files, about: made.about, next: commands })}\n`);
  } else {
    const place = relative(io.cwd, root);
    say(
      io,
      flags,
      [`made ${place === '' ? 'a project here' : place}:`, ...made.about.map((line) => `  ${line}`)].join('\n'),
    );
    say(io, flags, `\nnext:\n${commandLines(next)}`);
  }
  if (missingIgnores.length > 0) say(io, flags, `\nadd to .gitignore: ${missingIgnores.join(' ')}`);
  return 0;
}

function example(): Made {
  return {
    files: exampleFiles(),
    about: [
      'features/sources/payments.sql   what a payment is',
      'features/card_activity/v1.sql   features of a card: one SELECT, its value now or at any past instant',
      'features/card_activity/tests/   what they must be',
      'data/                           some payments as they arrived, and labels for a training set',
    ],
    next: EXAMPLE_NEXT,
  };
}

async function fromFile(io: Io, root: string, from: string): Promise<Made> {
  // DuckDB is loaded only where a file is read.
  const { projectFromFile } = await import('../init/from-file.ts');
  return projectFromFile(io, root, from);
}

const EXPLAINED_WIDTH = 44;

function commandLines(next: Made['next']): string {
  const width = Math.max(...next.map(([text]) => text.length).filter((length) => length <= EXPLAINED_WIDTH));
  return next.map(([text, what]) => `  ${text.padEnd(width)}${what === '' ? '' : `   # ${what}`}`.trimEnd()).join('\n');
}
