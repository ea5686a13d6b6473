/** FSC1xxx: files, characters, brackets and grammar. The examples are compiled in tests: `wrong` gives its code, `right` none. */
export interface SyntaxCode {
  readonly title: string;
  /** Why it is refused. */
  readonly cause: string;
  /** What to write instead. */
  readonly help: string;
  readonly wrong?: string;
  readonly right?: string;
}

export const SYNTAX_CODES = {
  FSC1001: {
    title: 'string is not closed',
    cause: 'a text runs from one single quote to the next; without the second it would swallow the rest of the file',
    help: "close it with `'`; a quote inside is doubled",
    wrong: "SELECT user_id, 'it''s AS mood FROM visits",
    right: "SELECT user_id, 'it''s' AS mood FROM visits",
  },
  FSC1002: {
    title: 'quoted identifier is not closed',
    cause: 'a quoted name runs from one double quote to the next',
    help: 'close it with `"`',
    wrong: 'SELECT "order FROM visits',
    right: 'SELECT "order" FROM visits',
  },
  FSC1003: {
    title: 'comment is not closed',
    cause: 'block comments nest, as in Postgres and DuckDB: every `/*` needs its own `*/`',
    help: 'close it with `*/`',
    wrong: 'SELECT a /* was: /* b */ FROM visits',
    right: 'SELECT a /* was: /* b */ */ FROM visits',
  },
  FSC1004: {
    title: 'unexpected character',
    cause:
      'outside strings, comments and quoted names SQL is ASCII; databases take other blanks and letters for different things',
    help: 'write the plain character; names are `[a-z_][a-z0-9_]*`, other text stands in single quotes',
    wrong: 'SELECT a – b AS d FROM visits',
    right: 'SELECT a - b AS d FROM visits',
  },
  FSC1005: {
    title: 'not a number',
    cause:
      'a number is digits, at most one point and an exponent; letters or `_` glued to it are read differently by the databases',
    help: 'separate the number from what follows',
    wrong: 'SELECT 1_000 AS n FROM visits',
    right: 'SELECT 1000 AS n FROM visits',
  },
  FSC1006: {
    title: 'string form is not portable',
    cause: "`E'…'`, `U&'…'`, `B'…'`, `X'…'` and `N'…'` mean different things, or nothing, in different databases",
    help: 'write a plain string; a backslash in it is a backslash',
    wrong: "SELECT E'a\\n' AS mood FROM visits",
    right: "SELECT 'a' AS mood FROM visits",
  },
  FSC1007: {
    title: 'quoted identifier is empty',
    cause: 'a name has at least one character; double quotes enclose names, single quotes text',
    help: "an empty text is `''`",
    wrong: 'SELECT "" AS mood FROM visits',
    right: "SELECT '' AS mood FROM visits",
  },
  FSC1008: {
    title: 'operator does not exist',
    cause: 'the longest run of operator characters is read as one operator',
    help: 'put a blank between two operators',
    wrong: 'SELECT a !=-1 AS f FROM visits',
    right: 'SELECT a != -1 AS f FROM visits',
  },
  FSC1009: {
    title: 'bind parameter',
    cause: 'a feature is a function of its records and the instant; nobody is there to bind a parameter',
    help: 'what a caller sends is a source of kind request; anything else is a constant',
    wrong: 'SELECT a FROM visits WHERE b = $1',
    right: 'SELECT a FROM visits WHERE b = 5',
  },
  FSC1010: {
    title: 'bracket is not closed',
    cause: 'the statement ends while the bracket is open',
    help: 'close it where the expression ends',
    wrong: 'SELECT coalesce(a, 0 AS a FROM visits',
    right: 'SELECT coalesce(a, 0) AS a FROM visits',
  },
  FSC1011: {
    title: 'bracket closes nothing',
    cause: 'no bracket of its kind is open there',
    help: 'remove it, or open one before',
    wrong: 'SELECT coalesce(a, 0)) AS a FROM visits',
    right: 'SELECT coalesce(a, 0) AS a FROM visits',
  },
  FSC1012: {
    title: 'nested too deeply',
    cause: 'databases and compilers run out of stack at depths of their own; fsc refuses at one that all of them carry',
    help: 'split the expression with a CTE, or write long chains flat: `a AND b AND c`, `x IN (…)`',
  },
  FSC1013: {
    title: 'too long',
    cause:
      'databases and compilers run out of stack at lengths of their own; fsc refuses at one that all of them carry',
    help: 'make a source and a view of the values, and join that in a request view',
  },
  FSC1020: {
    title: 'unexpected token',
    cause: 'the grammar allows something else at this place',
    help: 'the label says what was expected',
    wrong: 'SELECT a FROM visits WHERE',
    right: 'SELECT a FROM visits WHERE b',
  },
  FSC1021: {
    title: 'comma after the last item',
    cause: 'a comma separates two items; Postgres refuses one at the end',
    help: 'remove it',
    wrong: 'SELECT a, b, FROM visits',
    right: 'SELECT a, b FROM visits',
  },
  FSC1022: {
    title: 'clause out of place',
    cause: 'the order is SELECT, FROM, WHERE, GROUP BY, HAVING, WINDOW, and each stands once',
    help: 'move the clause, or join two conditions with AND',
    wrong: 'SELECT a, count(*) AS n FROM visits GROUP BY a WHERE b',
    right: 'SELECT a, count(*) AS n FROM visits WHERE b GROUP BY a',
  },
  FSC1023: {
    title: 'comparisons do not chain',
    cause: '`a < b < c` would compare the truth of `a < b` with c; Postgres refuses it',
    help: 'write `a < b AND b < c`',
    wrong: 'SELECT a FROM visits WHERE 1 < a < 5',
    right: 'SELECT a FROM visits WHERE 1 < a AND a < 5',
  },
  FSC1024: {
    title: 'keyword as a name',
    cause: 'the word is a keyword in Postgres or in DuckDB, so at least one of them reads it differently',
    help: 'put it in double quotes, write AS before an alias, or take another name',
    wrong: 'SELECT a, b value FROM visits',
    right: 'SELECT a, b AS value FROM visits',
  },
  FSC1025: {
    title: 'file holds no statement of its kind',
    cause: 'a view is one SELECT, a source is one CREATE TABLE',
    help: 'write the statement, or delete the file',
    wrong: '-- to do',
    right: 'SELECT a FROM visits',
  },
  FSC1026: {
    title: 'not a statement or clause of a feature',
    cause: 'features read and never write; fsc makes the views, tables and functions',
    help: 'keep the SELECT alone',
    wrong: 'CREATE VIEW v AS SELECT a FROM visits',
    right: 'SELECT a FROM visits',
  },
  FSC1027: {
    title: 'more than one statement',
    cause: 'a file declares one version of a view or one source, and is named like it',
    help: 'give each a file of its own',
    wrong: 'SELECT a FROM visits; SELECT b FROM visits',
    right: 'SELECT a, b FROM visits',
  },
  FSC1028: {
    title: 'join without condition',
    cause: 'every row would be joined with every other',
    help: 'write ON after the relation',
    wrong: 'SELECT r.a FROM request r LEFT JOIN visits_v1 v',
    right: 'SELECT r.a FROM request r LEFT JOIN visits_v1 v ON v.a = r.a',
  },
  FSC1029: {
    title: 'interval is not a plain string',
    cause: "`INTERVAL 7 DAY` is DuckDB's, and `INTERVAL '7' DAYS` makes an alias of the unit",
    help: "write amount and unit in one string: `INTERVAL '7 days'`",
    wrong: 'SELECT a FROM visits WHERE ts > now() - INTERVAL 7 DAY',
    right: "SELECT a FROM visits WHERE ts > now() - INTERVAL '7 days'",
  },
  FSC1030: {
    title: 'tag has no valid name',
    cause: 'a comment line that begins with `@` is a tag, and fsc ignores nothing in silence',
    help: 'write `-- @tag value` with a lower case name',
    wrong: '-- @Owner: operations\nSELECT a FROM visits',
    right: '-- @owner operations\nSELECT a FROM visits',
  },
  FSC1031: {
    title: 'tag where none is read',
    cause: 'tags are read from the `--` lines before the first statement, and nowhere else',
    help: 'move it to the top of the file',
    wrong: 'SELECT a FROM visits -- @owner operations',
    right: '-- @owner operations\nSELECT a FROM visits',
  },
  FSC1032: {
    title: 'statement can be read in two ways',
    cause:
      'every statement is read by two independent grammars; where they see different clauses the feature has no certain meaning',
    help: 'write it more plainly: `AS` before every alias, clauses in their usual order. If it is plain, please report it',
  },
  FSC1040: {
    title: 'file is not UTF-8',
    cause: 'the text would differ from machine to machine',
    help: 'save the file as UTF-8',
  },
  FSC1041: {
    title: 'byte order mark',
    cause: 'databases refuse U+FEFF or take it for a letter',
    help: 'save the file as UTF-8 without a byte order mark',
  },
  FSC1042: {
    title: 'character U+0000',
    cause: 'no database takes it in a statement, and some end the text there',
    help: 'remove it',
  },
  FSC1043: {
    title: 'file is larger than 1 MiB',
    cause: 'a feature file is one statement',
    help: 'data belongs in a source',
  },
  FSC1044: {
    title: 'file where none is read',
    cause:
      'sources are `features/sources/<name>.sql`, views `features/<view>/v<N>.sql`; a file elsewhere under features/ would be ignored',
    help: 'move it, or take it out of features/',
  },
  FSC1045: {
    title: 'bad name of a source or view',
    cause:
      'names stand unquoted in SQL, paths, keys and code, so they are lower_snake_case: a to z, digits, single `_`, a letter first, at most 50 characters',
    help: 'rename the file or folder',
  },
  FSC1046: {
    title: 'bad name of a version',
    cause: 'versions of a view are `v1.sql`, `v2.sql` … without leading zeros',
    help: 'rename the file',
  },
  FSC1047: {
    title: 'name ends like a version',
    cause: 'views are called `<view>_v<N>` in SQL, so a source or view whose own name ends so would be ambiguous',
    help: 'take a name that does not end in `_v` and a number',
  },
} as const satisfies Record<string, SyntaxCode>;
