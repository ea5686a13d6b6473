/** FSC71xx: sources, the log, quarantine, journal, snapshots, archive. */
export const LOG_CODES = {
  FSC7101: {
    title: 'a location cannot be read',
    explanation:
      'A location is a path or glob that ends in .parquet, .csv or .jsonl (also .gz), `postgres:TABLE`, or `-` for JSONL on stdin. The others of the design are not in this version.',
    help: 'Use a path or glob with one of these endings, relative to the project.',
  },
  FSC7102: {
    title: 'no file matches',
    explanation:
      'The path or glob of a source names no file, or also what is none: a folder, a link to nothing, a pipe. Paths are relative to the project.',
    help: 'Check the path; put a glob in quotes where the shell would expand it. Of a folder name the files: `events.parquet/*.parquet`.',
  },
  FSC7103: {
    title: 'a file cannot be read',
    explanation: 'The file is missing, not readable, or not of the format that its name says.',
    help: 'Check that the file is there, readable, and what its ending says.',
  },
  FSC7104: {
    title: 'a consumed file changed',
    explanation:
      'The state was made from a file that is no longer the same, a new file sorts before what was consumed, or the history is to be read in another `order` than it was. Going on would give values that no replay could repeat.',
    help: 'Put the file back as it was and add new records in a new file that sorts last, or start anew with `fsc run --mode stream --rebuild`.',
  },
  FSC7105: {
    title: 'the header of a CSV file is wrong',
    explanation: 'CSV files start with a line of column names, each once.',
    help: 'Write the names of the columns into the first line.',
  },
  FSC7106: {
    title: 'history and stream overlap without a key',
    explanation:
      'Records that stand in both are told apart by the primary key. Without one, `"cut"` in fsc.json says where history ends and the stream begins.',
    help: 'Declare a PRIMARY KEY, or add "cut" to the source in fsc.json.',
  },
  FSC7111: {
    title: 'the journal is corrupt',
    explanation: 'A frame in the middle of the journal does not have the checksum it was written with.',
    help: 'Restore the file from a backup, or make the state anew: `fsc run --mode stream --rebuild`.',
  },
  FSC7112: {
    title: 'the state was written by a newer fsc',
    explanation:
      'The format of a journal, snapshot or quarantine file is newer than this version reads. Nothing was changed.',
    help: 'Use the newer fsc.',
  },
  FSC7113: {
    title: 'a snapshot is corrupt',
    explanation:
      'A section of the snapshot does not have the checksum it was written with, or the file is no snapshot.',
    help: 'Restore the file from a backup, or make the state anew: `fsc run --mode stream --rebuild`.',
  },
  FSC7114: {
    title: 'the state folder is in use',
    explanation: 'One process writes a state folder at a time.',
    help: 'Wait for the other run to end, or stop it.',
  },
  FSC7115: {
    title: 'the state folder cannot be written',
    explanation: 'The folder is read-only or the disk is full. Nothing that was committed is lost.',
    help: 'Make room or make the folder writable, and run again.',
  },
  FSC7116: {
    title: 'the quarantine is corrupt',
    explanation: 'A line of a quarantine file is not one that fsc wrote.',
    help: 'Remove the line, or move the file away to keep it.',
  },
  FSC7117: {
    title: 'the saved log does not fit the source',
    explanation: 'The saved state of a log was made from other locations than the ones that are read now.',
    help: 'Restore the locations in fsc.json, or make the state anew: `fsc run --mode stream --rebuild`.',
  },
  FSC7118: {
    title: 'the retries are corrupt',
    explanation:
      'The file of refused records that were asked to be tried again has a line that does not have its checksum. Nothing was lost: the records stand in the quarantine.',
    help: 'Move the file away, and ask again with `fsc quarantine retry`.',
  },
  FSC7119: {
    title: 'a file of the archive is corrupt',
    explanation:
      'The archive has the only copy of what came by stdin. A file of it does not have the bytes that it was written with, or cannot be read.',
    help: 'Restore the file from a backup; nothing was changed.',
  },
  FSC7120: {
    title: 'an instant would be another',
    explanation:
      'fsc takes a value only if it fits without loss, and its instants are whole microseconds. Of a Parquet column in nanoseconds with a zone, or of type INT96, DuckDB drops the rest, and takes a day of INT96 that it cannot hold for another, so which records fit is not known while they are read: the file is refused.',
    help: 'Write the column in microseconds (`coerce_timestamps="us"` in pandas and PyArrow), or in nanoseconds without a zone, where each record that does not fit goes to the quarantine.',
  },
} as const;
