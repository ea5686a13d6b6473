/** FSC735x: DuckDB as batch engine. */
export const DUCKDB_CODES = {
  FSC7350: {
    title: 'DuckDB could not run a query',
    explanation: 'The engine refused or aborted a statement; its own words are given.',
    help: 'Correct the query where DuckDB points.',
  },
  FSC7351: {
    title: 'the query is not allowed here',
    explanation: 'Queries read the sources and views of the project. Files, settings and other databases are locked.',
    help: 'Ask a SELECT over the sources and views; `--out FILE` writes its rows.',
  },
  FSC7352: {
    title: 'a result file cannot be written',
    explanation: 'Results are written beside their place and renamed into it, so that a file is whole or not there.',
    help: 'Check the folder: that it is there, writable, and not full.',
  },
  FSC7353: {
    title: 'two result columns of one name',
    explanation:
      'A JSON object or a file holds one column of each name, and a reader would keep one of the two in silence. Name them apart with AS.',
    help: 'Name the columns with AS.',
  },
} as const;
