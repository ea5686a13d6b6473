/** The command line as a function, so that tests run it in process: arguments and Io in, exit code out. */
import { Command, CommanderError, Option } from 'commander';
import { FscError, isDiskFull } from '../runtime/values/errors.ts';
import { flushed, type GlobalFlags, type Io, isClosedPipe, type OutputFormat, say, writeAside } from './io.ts';
import { STOP_STATUS, Stop } from './stop.ts';
import { systemFault } from './system-fault.ts';
import { VERSION } from './version.ts';

export type ExitStatus = number;

/** Asked to stop, and stopped before the end; `runCli` says by whom. */
const STOPPED = STOP_STATUS.SIGINT;

/** What every command module exports: adds itself to the program. `run` wraps the action with flags and error handling. */
export type Register = (program: Command, run: RunAction) => void;
export type RunAction = (action: (io: Io, flags: GlobalFlags) => Promise<ExitStatus>) => Promise<void>;

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly register: (program: Command, run: CommandRunner) => void }>;
}

/** Given to a command's module: runs the action with Io and global flags. */
export type CommandRunner = (
  command: Command,
  action: (io: Io, flags: GlobalFlags) => Promise<ExitStatus>,
  /** What a stop leaves undone, the next one takes up: SIGTERM is no fault of it. */
  goesOn?: boolean,
) => Promise<void>;

const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'init',
    summary: 'make a working project with an example, or from a data file',
    load: () => import('./commands/init.ts'),
  },
  { name: 'check', summary: 'parse, bind and plan; writes nothing', load: () => import('./commands/check.ts') },
  { name: 'compile', summary: 'write generated/ whole or not at all', load: () => import('./commands/compile.ts') },
  {
    name: 'run',
    summary: 'bring online rows up to date, or write a batch of values',
    load: () => import('./commands/run.ts'),
  },
  { name: 'get', summary: 'look one entity up online', load: () => import('./commands/get.ts') },
  {
    name: 'dataset',
    summary: 'build a training set, right at every label',
    load: () => import('./commands/dataset.ts'),
  },
  {
    name: 'test',
    summary: 'run the tests beside the features, on every machine',
    load: () => import('./commands/test.ts'),
  },
  {
    name: 'verify',
    summary: 'compare online with batch on the real stores',
    load: () => import('./commands/verify.ts'),
  },
  { name: 'query', summary: 'ask DuckDB, with every source and view in it', load: () => import('./commands/query.ts') },
  {
    name: 'explain',
    summary: 'show the plan of a view, or the page of a diagnostic',
    load: () => import('./commands/explain.ts'),
  },
  { name: 'quarantine', summary: 'list, show or retry refused events', load: () => import('./commands/quarantine.ts') },
];

const NOT_YET = ['diff', 'release', 'lineage', 'model', 'mlflow', 'serve'];

/** Never throws; the returned code is that of cli.md. */
export async function runCli(args: readonly string[], io: Io): Promise<ExitStatus> {
  let status = 0;
  let isGoingOn = false;
  const run: CommandRunner = async (command, action, goesOn = false) => {
    isGoingOn = goesOn;
    status = await action(io, readFlags(command));
  };
  let fault: unknown = null;
  try {
    const ordered = withStdinIds(withoutVainHelp(commandFirst(args)));
    const program = await buildProgram(ordered, io, run);
    await program.parseAsync([...ordered], { from: 'user' });
  } catch (error) {
    fault = error;
    status = await report(error, args, io);
  }
  const lost = await flushed(io.stdout);
  if (lost !== null && lost !== fault && !isClosedPipe(lost)) status = await report(lost, args, io);
  return status === STOPPED ? stopStatus(io.signal, isGoingOn) : status;
}

/** rules.md 37: who ends a run by SIGTERM has its state. Of all else that was stopped there is nothing, which is not to pass for the whole. */
function stopStatus({ reason }: AbortSignal, isGoingOn: boolean): ExitStatus {
  if (!(reason instanceof Stop && reason.by === 'SIGTERM')) return STOPPED;
  return isGoingOn ? 0 : STOP_STATUS.SIGTERM;
}

function cannotPrint(error: NodeJS.ErrnoException): FscError {
  return new FscError(
    'FSC7010',
    3,
    'cannot write to stdout',
    isDiskFull(error) ? 'the disk is full' : error.message,
    'what was written is not whole: make room, or name another place, and run it again',
  );
}

/** Flags of every command may stand before its name too. */
function commandFirst(args: readonly string[]): readonly string[] {
  const { options } = addGlobalOptions(new Command());
  let at = 0;
  for (; at < args.length; at++) {
    const [name, value] = (args[at] as string).split('=', 2);
    const option = options.find(({ long }) => long === name);
    if (option === undefined) break;
    if (option.required && value === undefined) at++;
  }
  const command = args[at];
  return command === undefined ? args : [command, ...args.slice(0, at), ...args.slice(at + 1)];
}

/** `fsc quarantine show -:3`, as files of the quarantine say it, names a record of stdin and no option. */
function withStdinIds(args: readonly string[]): readonly string[] {
  return args[0] === 'quarantine' ? args.map((arg) => arg.replace(/^-:(?=\d+$)/, 'stdin:')) : args;
}

/** `fsc help rnu` is told of like `fsc rnu`: commander would print the help of fsc instead. */
function withoutVainHelp(args: readonly string[]): readonly string[] {
  const name = args.slice(1).find((arg) => !arg.startsWith('-'));
  const isVain = args[0] === 'help' && name !== undefined && !COMMANDS.some((command) => command.name === name);
  return isVain ? [name, ...args.slice(1).filter((arg) => arg !== name)] : args;
}

async function buildProgram(args: readonly string[], io: Io, run: CommandRunner): Promise<Command> {
  const program = new Command('fsc')
    .description('The SQL-first feature compiler: one SELECT, the same values in training and serving.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      // With --format json `report` tells it.
      writeErr: (text) => void (wantsJson(args) || io.stderr.write(text)),
      outputError: (text, write) => {
        const help = whereHelpIs(text, args);
        write(help === null ? text : `${text}help: ${help}\n`);
      },
    });
  const wanted = args.find((arg) => !arg.startsWith('-'));
  for (const entry of COMMANDS) {
    addGlobalOptions(program.command(entry.name).description(entry.summary)).exitOverride();
    // Only the command that runs is loaded: DuckDB and LMDB take longer to load than a compile takes.
    if (entry.name === wanted || (wanted === 'help' && args.includes(entry.name)))
      (await entry.load()).register(program, run);
  }
  if (wanted !== undefined && NOT_YET.includes(wanted)) {
    throw new FscError(
      'FSC7011',
      2,
      `\`fsc ${wanted}\` is not in this version`,
      'the README lists what is there',
      null,
    );
  }
  program.addHelpText(
    'after',
    '\nExit codes: 0 fine, 1 your SQL or data is wrong, 2 bad arguments, 3 try again later, 70 our bug, 130 Ctrl-C, 143 SIGTERM.',
  );
  return program;
}

export function addGlobalOptions(command: Command): Command {
  return command
    .addOption(new Option('--project <dir>', 'the project folder (default: the nearest one upwards)'))
    .addOption(new Option('--profile <name>', 'lay a profile of fsc.json over the rest (or FSC_PROFILE)'))
    .addOption(new Option('--format <format>', 'human or json').choices(['human', 'json']).default('human'))
    .addOption(new Option('--quiet', 'nothing on stderr but errors').default(false))
    .addOption(new Option('--frozen', 'refuse to work with stale generated/ files').default(false));
}

function readFlags(command: Command): GlobalFlags {
  const options = command.opts<{
    project?: string;
    profile?: string;
    format: OutputFormat;
    quiet: boolean;
    frozen: boolean;
  }>();
  return {
    project: options.project ?? null,
    profile: options.profile ?? null,
    format: options.format,
    quiet: options.quiet,
    frozen: options.frozen,
  };
}

async function report(thrown: unknown, args: readonly string[], io: Io): Promise<ExitStatus> {
  const isJson = wantsJson(args);
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return 0;
    // Else commander has printed it.
    if (isJson) await writeAside(io, formatError(badArguments(thrown, args), true));
    return 2;
  }
  const isOutput = thrown !== null && thrown === io.stdout.errored;
  const error = isOutput ? cannotPrint(io.stdout.errored as NodeJS.ErrnoException) : (systemFault(thrown) ?? thrown);
  const isOutside = error instanceof FscError && error.exitCode === 3;
  if (io.signal.aborted && !isOutside) {
    const format = isJson ? 'json' : 'human';
    say(io, { project: null, profile: null, format, quiet: args.includes('--quiet'), frozen: false }, 'stopped');
    return STOPPED;
  }
  if (error instanceof FscError) {
    await writeAside(io, formatError(error, isJson));
    return error.exitCode;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const words = 'this is a bug in fsc, please report it with the text below';
  const bug = new FscError('FSC9001', 70, words, text, null);
  await writeAside(io, isJson ? formatError(bug, true) : `error[FSC9001]: ${words}\n${text}\n`);
  return 70;
}

/** Also where the arguments could not be read. */
function wantsJson(args: readonly string[]): boolean {
  return args.some((arg, i) => arg === '--format=json' || (arg === '--format' && args[i + 1] === 'json'));
}

/** null: the words say themselves what could be meant. */
function whereHelpIs(words: string, args: readonly string[]): string | null {
  if (/Did you mean|Allowed choices/.test(words)) return null;
  const command = COMMANDS.find(({ name }) => args.includes(name));
  return command === undefined ? 'fsc --help lists the commands' : `fsc ${command.name} --help tells what it takes`;
}

/** Commander's words: `error: unknown option '--as-off'`, and under it `(Did you mean --as-of?)`. */
function badArguments({ message }: CommanderError, args: readonly string[]): FscError {
  const [, words = message, help = whereHelpIs(message, args)] =
    /^(?:error: )?(.*?)(?:\n\((.*)\))?$/s.exec(message) ?? [];
  return new FscError('FSC7001', 2, words, null, help);
}

/** In rustc's layout without a place; as one JSON object with --format json. */
export function formatError(error: FscError, json: boolean): string {
  if (json) {
    return `${JSON.stringify({ v: 1, code: error.code, severity: 'error', message: error.message, cause: error.why, help: error.help })}\n`;
  }
  const lines = [`error[${error.code}]: ${error.message}`];
  // An engine's words may draw a caret under a line of theirs.
  if (error.why !== null) lines.push(`  = cause: ${error.why.replaceAll('\n', '\n           ')}`);
  if (error.help !== null) lines.push(`help: ${error.help}`);
  return `${lines.join('\n')}\n`;
}
