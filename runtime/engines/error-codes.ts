/** FSC73xx: runs of a compiled project. */
export const ENGINE_CODES = {
  FSC7301: {
    title: 'the state is already past the instant',
    explanation:
      '`run --mode batch --to online --as-of T` consumes the log up to T, and the committed state holds later events. Values of the past come from `fsc run --mode batch --out FILE` and `fsc dataset`.',
    help: 'Ask for a later --as-of, or write values of the past with --out FILE.',
  },
  FSC7302: {
    title: 'the state was made under another declaration of the source',
    explanation:
      'Key, times or types of the source changed since the state was committed, so that old and new records no longer mean the same; or, of a source that comes by stdin, which columns there are and what fills them. (A changed lateness, constraint or `@only` needs nothing: later records are judged by it. Files are read again by themselves.) `fsc run --mode stream --rebuild` makes the state anew from history and archive, which it keeps.',
    help: 'Run once with --rebuild: `fsc run --mode stream --rebuild`.',
  },
  FSC7303: {
    title: 'the log is not the one that was consumed',
    explanation:
      'A run that was cut off consumed more of the history than is there now, or other records. Nothing was changed.',
    help: 'Restore the records, or start anew with --rebuild.',
  },
  FSC7304: {
    title: 'the state does not fit its archive',
    explanation:
      'Records of stdin go to the journal first, then to the archive, then into a snapshot of the state. Where the archive holds more than the state knows of, the state folder was removed or replaced by an older one, and `fsc run --mode stream --rebuild` makes it anew from history and archive. Where it holds less than a snapshot tells of, files of it are gone, and nothing else has their records: a run stops, and so do the commands that would answer without them.',
    help: 'Restore state or archive from a backup. A state that is gone is made anew with --rebuild; without an archive, go on as the message says, from history and from what comes.',
  },
  FSC7305: {
    title: 'records of another location would be left out',
    explanation:
      'A run was cut off after it had consumed records that no snapshot holds yet, and this run does not read the location that they came from: a run over the same location takes them in, and after that any location can be read. Or a state is to be made anew with --rebuild whose archive holds what stdin brought, while the stream is another location now.',
    help: 'Run once over the locations of then, and then as now; the message names them.',
  },
} as const;
