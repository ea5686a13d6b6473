import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CommandRunner } from '../cli.ts';
import { type DatasetFlags, readOptions } from '../dataset/options.ts';
import { addSourceOption } from '../locations.ts';
import { numbersOption } from '../result-rows.ts';

export function register(program: Command, run: CommandRunner): void {
  const command = program.commands.find((candidate) => candidate.name() === 'dataset') as Command;
  command
    .option('--labels <file>', 'FILE.parquet, .csv, .jsonl, or a .sql file that selects labels over sources and views')
    .option('--entities <file>', 'instead of labels: one row for each listed entity, all at --as-of')
    .option('--as-of <T>', 'the instant of --entities (default: now)')
    .addOption(new Option('--view <view...>', 'the views to join').makeOptionMandatory())
    .addOption(
      new Option('--out <file>', 'FILE.parquet, .csv or .jsonl, or - for JSON lines on stdout').makeOptionMandatory(),
    )
    .addOption(new Option('--instant <column>', "the labels' instant").default('as_of'))
    .addOption(
      new Option('--ties <choice>', "whether an event at the label's instant counts; no default").choices([
        'include',
        'exclude',
      ]),
    )
    .option('--known-to <T>', 'leave out records known later than T, or than each label: --known-to label')
    .option('--complete-to <T>', 'the sources are complete up to T, so that earlier labels are final')
    .option('--allow-open', 'write labels that are not final too', false)
    .addOption(
      new Option('--require-final', 'exit 3 instead of 1 where labels are not final: try again later')
        .default(false)
        .conflicts('allowOpen'),
    )
    .option('--qualified', 'name features <view>_v<N>__<feature>', false)
    .option('--timezone <name>', 'of instants without an offset (default: UTC)')
    .addOption(
      new Option('--engine <engine>', 'replay, or a database; all give the same values')
        .choices(['replay', 'duckdb', 'postgres'])
        .default('replay'),
    )
    .option('--max-expression-errors <n>', 'exit 1 if more expressions failed (overflow, x/0, casts)', countOf)
    .addOption(numbersOption());
  addSourceOption(command)
    .addHelpText(
      'after',
      `
Every label in its order, its columns first, then the features at its instant:
  fsc dataset --labels labels.parquet --view airport_delays_v1 --ties exclude --out train.parquet`,
    )
    .action(async () => {
      await run(command, async (io, flags) => {
        const options = readOptions(io.cwd, command.opts<DatasetFlags>());
        const { makeDataset } = await import('../dataset/dataset.ts');
        return makeDataset(io, flags, options);
      });
    });
}

function countOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is a number of errors, 0 or more.');
  return Number(text);
}
