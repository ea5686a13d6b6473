/** FSC736x: PostgreSQL, as a source of records and as batch engine. */
export const POSTGRES_CODES = {
  FSC7360: {
    title: 'PostgreSQL cannot be used',
    explanation:
      'The server does not answer, went away, or lets nobody in, or its database is in another encoding than UTF8. `"postgres"` in fsc.json is its address, best taken from the environment; it is never printed, since it holds a password. Nothing was written, and the command can be run again.',
    help: 'Check that the server runs and that "postgres" in fsc.json is its address, and run again.',
  },
  FSC7361: {
    title: 'PostgreSQL could not run a statement',
    explanation: 'The server refused or aborted a statement; its own words are given.',
    help: 'Correct what the server names.',
  },
  FSC7362: {
    title: 'a table is not there',
    explanation:
      '`postgres:TABLE` or `postgres:SCHEMA.TABLE` names a table or view. Names are taken as they are written, and quoted; without a schema the search path of the connection decides.',
    help: 'Write the name as the server has it, with its schema: `postgres:SCHEMA.TABLE`.',
  },
  FSC7363: {
    title: 'a table does not fit its source',
    explanation:
      'Every declared column must be a column of the table, under its own name or that of `@from`, unless DEFAULT fills it, and of a type whose values can be values of the declared one: integers and numeric for integers and decimals, those and floats for real and double, any timestamp or date for timestamps. A view of the table can cast and rename.',
    help: 'Map columns with @from, change the declared types, or read a view of the table that casts and renames.',
  },
  FSC7364: {
    title: 'rows of a table are hidden',
    explanation:
      'The table has row-level security, and its policies apply to the user of "postgres" in fsc.json: which records there are would depend on who reads them, and nobody would be told of the others.',
    help: 'Read the table as its owner or as a role with BYPASSRLS, or name a view that gives the rows that are meant to everybody.',
  },
  FSC7365: {
    title: 'too many columns for PostgreSQL',
    explanation:
      'A SELECT of PostgreSQL holds 1664 columns. Outputs of a view, the aggregates and entity columns that they are computed from, and all features of a training set stand in one.',
    help: 'Use another engine, split the view, or ask for fewer views at once.',
  },
} as const;
