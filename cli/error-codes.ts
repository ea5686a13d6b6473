/** FSC70xx: arguments, configuration and the commands themselves. */
export const CLI_CODES = {
  FSC7001: {
    title: 'bad arguments',
    explanation: 'A flag, a command or an argument is not what `fsc --help` says. Nothing was done.',
  },
  FSC7002: {
    title: 'no project here',
    explanation: 'fsc looks upwards from the current folder for `fsc.json` or `features/` and found neither.',
  },
  FSC7003: {
    title: 'fsc.json is wrong',
    explanation: 'The configuration does not have the shape of its schema (`schemas/fsc.schema.json` in the package).',
  },
  FSC7004: {
    title: 'an environment variable is not set',
    explanation: 'The configuration names a variable in `${…}`, so that secrets and addresses stay out of the file.',
  },
  FSC7005: { title: 'unknown view', explanation: 'No file features/<view>/v<N>.sql defines the view that was named.' },
  FSC7006: {
    title: 'unknown or ill-typed entity key',
    explanation: 'KEY=VALUE pairs name each entity column of the view exactly once and are read by its type.',
  },
  FSC7007: {
    title: 'an instant cannot be read',
    explanation:
      'Instants are ISO 8601 (`2001-03-01T12:00:00Z`); a blank for the T, no seconds or a date alone are fine; `now`.',
  },
  FSC7008: {
    title: 'generated files are stale',
    explanation: '`--frozen` and `compile --check` refuse to go on where `generated/` is not what the SQL compiles to.',
  },
  FSC7009: {
    title: 'a source has no data',
    explanation:
      'The command reads a source for which fsc.json names no `history` or `stream` and no --source was given.',
  },
  FSC7010: {
    title: 'cannot write',
    explanation: 'The folder is read-only, the disk is full, or a file is in the way.',
  },
  FSC7011: {
    title: 'not in this version',
    explanation: 'The command or location is part of the design but not built yet; the README lists what is there.',
  },
  FSC7012: {
    title: 'a feature test file is wrong',
    explanation: 'Tests are YAML lists of {name, view, given, expect}; see docs/features-guide.md.',
  },
  FSC7013: {
    title: 'labels cannot be used',
    explanation: 'A labels file holds the entity columns and the instant in `as_of` (or --instant COLUMN).',
  },
  FSC7014: {
    title: 'ties undecided',
    explanation:
      'Some labels have the same instant as an event of their entity. Whether that event counts is a decision (leakage or not), so there is no default.',
  },
  FSC7015: {
    title: 'labels not final',
    explanation: 'At some labels the value may still change, because a record before the instant may still arrive.',
  },
  FSC7016: {
    title: 'a limit was exceeded',
    explanation: 'A --max-… flag says how much is tolerated, and it was more.',
  },
  FSC7017: {
    title: 'nothing was run yet',
    explanation: 'The online store has no rows of the view: `fsc run` writes them.',
  },
  FSC7018: {
    title: 'nothing of that name to explain',
    explanation: '`fsc explain` takes a view of the project, version included, or the code of a message.',
  },
  FSC7019: {
    title: 'something is there already',
    explanation: '`fsc init` writes new files only and touches none that exists.',
  },
  FSC7020: {
    title: 'a file cannot be made a source',
    explanation:
      '`fsc init --from FILE` reads records and infers what they are. A source needs records, each with an instant at which it happened.',
  },
  FSC7021: {
    title: 'no such quarantined record',
    explanation: '`fsc quarantine list` shows the records that are kept, with the ids that `show` and `retry` take.',
  },
} as const;

export const BUG_CODES = {
  FSC9001: {
    title: 'a bug in fsc',
    explanation:
      'Something happened that no input should be able to cause. The text below the message says where; please report it with what you ran.',
  },
  FSC7026: {
    title: 'online rows cannot be verified',
    explanation:
      '`verify` compares online rows with batch over the records that they were made from. Those are named by the positions that online keeps; here some of them are changed, gone or not archived yet.',
  },
  FSC7027: {
    title: 'online rows are being written',
    explanation:
      '`verify` compares online and batch of the same records, so nothing may be written meanwhile, and views that are read together must have been brought up to the same place.',
  },
} as const;
