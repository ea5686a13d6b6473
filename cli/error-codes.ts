/** FSC70xx: arguments, configuration and the commands themselves. */
export const CLI_CODES = {
  FSC7001: {
    title: 'bad arguments',
    explanation: 'A flag, a command or an argument is not what `fsc --help` says. Nothing was done.',
    help: 'Compare with `fsc COMMAND --help`.',
  },
  FSC7002: {
    title: 'no project here',
    explanation: 'fsc looks upwards from the current folder for `fsc.json` or `features/` and found neither.',
    help: 'Go to the project, name it with --project DIR, or make one: `fsc init DIR`.',
  },
  FSC7003: {
    title: 'fsc.json is wrong',
    explanation: 'The configuration does not have the shape of its schema (`schemas/fsc.schema.json` in the package).',
    help: 'Correct the place that the message names. Editors check the file as you type where it begins with "$schema".',
  },
  FSC7004: {
    title: 'an environment variable is not set',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as it stands in the file.
    explanation: 'The configuration names a variable in `${…}`, so that secrets and addresses stay out of the file.',
    help: 'Set the variable, or write it into `.env` beside fsc.json.',
  },
  FSC7005: {
    title: 'unknown view',
    explanation: 'No file features/<view>/v<N>.sql defines the view that was named.',
    help: 'Name a view of the project, version included, such as `airport_delays_v1`.',
  },
  FSC7006: {
    title: 'unknown or ill-typed entity key',
    explanation: 'KEY=VALUE pairs name each entity column of the view exactly once and are read by its type.',
    help: 'Give each key column once, as KEY=VALUE; the message lists them with their types.',
  },
  FSC7007: {
    title: 'an instant cannot be read',
    explanation:
      'Instants are ISO 8601 (`2001-03-01T12:00:00Z`); a blank for the T, no seconds or a date alone are fine; `now`.',
    help: 'Write the instant like 2001-03-01T12:00:00Z, 2001-03-01 or now.',
  },
  FSC7008: {
    title: 'generated files are stale',
    explanation: '`--frozen` and `compile --check` refuse to go on where `generated/` is not what the SQL compiles to.',
    help: 'Run `fsc compile` and commit `generated/`.',
  },
  FSC7009: {
    title: 'a source has no data',
    explanation:
      'The command reads a source for which fsc.json names no `history` or `stream` and no --source was given.',
    help: 'Add the source to "sources" in fsc.json, or give --source NAME=LOCATION.',
  },
  FSC7010: {
    title: 'cannot write',
    explanation:
      'The folder is read-only, the disk is full, a file is in the way, or --out names a file that a source or the labels are read from.',
    help: 'Make the folder writable, make room on the disk, or name another place. No file is left half-written; what went to stdout may be cut off.',
  },
  FSC7011: {
    title: 'not in this version',
    explanation: 'The command or location is part of the design but not built yet; the README lists what is there.',
    help: 'Leave it out.',
  },
  FSC7012: {
    title: 'a feature test file is wrong',
    explanation: 'Tests are YAML lists of {name, view, given, expect}; see docs/features-guide.md.',
    help: 'Correct the line that the message names.',
  },
  FSC7013: {
    title: 'labels cannot be used',
    explanation: 'A labels file holds the entity columns and the instant in `as_of` (or --instant COLUMN).',
    help: 'Name the columns as the view does, and the instant with --instant COLUMN if it is not called `as_of`.',
  },
  FSC7014: {
    title: 'ties undecided',
    explanation:
      'Some labels have the same instant as an event of their entity. Whether that event counts is a decision (leakage or not), so there is no default.',
    help: 'Decide: `--ties include` counts an event at the label’s own instant, `--ties exclude` does not. Where the label is that event, exclude is what a model could have known.',
  },
  FSC7015: {
    title: 'values not final',
    explanation:
      'At an instant that was asked for the value may still change, because a record before it may still arrive. Such labels are refused (exit 1; with --require-final 3, which says: try again later). `run --mode batch --out` refuses such values with --require-final only.',
    help: 'Take earlier instants, come back later, declare the history complete ("completeTo" in fsc.json), or accept it: `dataset --allow-open`, `run` without --require-final.',
  },
  FSC7016: {
    title: 'a limit was exceeded',
    explanation: 'A --max-… flag says how much is tolerated, and it was more.',
    help: 'Look at what was refused (`fsc quarantine`), or raise the limit.',
  },
  FSC7017: {
    title: 'nothing was run yet',
    explanation: 'The online store has no rows of the view: `fsc run --mode stream` writes them.',
    help: 'Run `fsc run --mode stream`.',
  },
  FSC7018: {
    title: 'nothing of that name to explain',
    explanation: '`fsc explain` takes a view of the project, version included, or the code of a message.',
    help: 'Take the suggestion of the message; docs/diagnostics/README.md lists the codes.',
  },
  FSC7019: {
    title: 'something is there already',
    explanation: '`fsc init` writes new files only and touches none that exists.',
    help: 'Name a new folder: `fsc init DIR`.',
  },
  FSC7020: {
    title: 'a file cannot be made a source',
    explanation:
      '`fsc init --from FILE` reads records and infers what they are. A source needs records, each with an instant at which it happened.',
    help: 'Name a file with records whose time of happening is ISO 8601, a timestamp column, or a count of seconds or milliseconds since 1970.',
  },
  FSC7021: {
    title: 'no such quarantined record',
    explanation: '`fsc quarantine list` shows the records that are kept, with the ids that `show` and `retry` take.',
    help: 'Take an id of `fsc quarantine list`; with --source where two sources have it.',
  },
  FSC7026: {
    title: 'online rows cannot be verified',
    explanation:
      '`verify` compares online rows with batch over the records that they were made from. Those are named by the positions that online keeps; here some of them are changed, gone or not archived yet.',
    help: 'Run `fsc run --mode stream` over the same records, then verify; for records that are gone, name an instant with --as-of that they do not matter for, or start anew with --rebuild.',
  },
  FSC7027: {
    title: 'online rows are being written',
    explanation:
      '`verify` compares online and batch of the same records, so nothing may be written meanwhile, and views that are read together must have been brought up to the same place.',
    help: 'Wait for the run to end, and verify then.',
  },
  FSC7028: {
    title: 'the system refuses a file',
    explanation:
      'A file or folder of the project, or of what fsc keeps in .fsc/ and generated/, could not be opened, read or changed: this user may not (exit 2), or the disk or a limit of the system is in the way (exit 3).',
    help: 'Give the user that runs fsc the right to the project’s folders, or run all commands as one user; look at the disk and at the limit of open files.',
  },
  FSC7029: {
    title: 'Node.js may run no generated programs',
    explanation:
      'Views run as programs that fsc generates and Node.js evaluates. With the option `--disallow-code-generation-from-strings`, on the command line or in NODE_OPTIONS, it refuses to.',
    help: 'Run fsc without the option.',
  },
} as const;

export const BUG_CODES = {
  FSC9001: {
    title: 'a bug in fsc',
    explanation:
      'Something happened that no input should be able to cause. The text below the message says where; please report it with what you ran.',
    help: 'Report it. Nothing that was committed is lost: run again with the same input to see whether it repeats.',
  },
} as const;
