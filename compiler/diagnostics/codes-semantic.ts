export interface CodeText {
  /** One line, as the page's title. */
  readonly title: string;
  /** Why it is refused. */
  readonly cause: string;
  /** What to write instead. */
  readonly help: string;
}

const code = (title: string, cause: string, help: string): CodeText => ({ title, cause, help });

/** FSC2xxx catalog, FSC3xxx names, types and windows, FSC4xxx shapes, FSC5xxx state and exactness. */
export const SEMANTIC_CODES = {
  FSC2001: code(
    'path and content disagree',
    'a source or view is found by its path, so both must carry one name',
    'rename the file or the table',
  ),
  FSC2002: code('unknown tag', 'a misspelt tag would be ignored in silence', 'use a tag that exists'),
  FSC2003: code('tag given twice', 'only one of the two could hold', 'keep one of them'),
  FSC2004: code(
    'bad tag value',
    'the value cannot be read as what the tag needs',
    'write the value as the tag needs it',
  ),
  FSC2005: code(
    'source kind not supported yet',
    'this version reads sources of kind log and request',
    'use `@kind log` or `@kind request`',
  ),
  FSC2006: code(
    'log source without event time',
    'windows and verdicts need to know when a record happened',
    'add `-- @event_time COLUMN`',
  ),
  FSC2007: code('tag names an unknown column', 'the declaration has no such column', 'name a declared column'),
  FSC2008: code(
    'event time of a wrong type',
    'an event time is an instant in microseconds',
    'declare the column timestamp',
  ),
  FSC2009: code(
    'event time may be NULL',
    'a record without an event time has no place in the log',
    'declare the column NOT NULL',
  ),
  FSC2010: code(
    '@max_ahead is greater than @lateness',
    'a record further ahead than the lateness would make punctual records late',
    'lower `@max_ahead` or raise `@lateness`',
  ),
  FSC2011: code(
    'log source without key',
    'without a key a redelivered record cannot be told from a new one',
    'declare a PRIMARY KEY, or say `-- @key none`: records are then known by their position',
  ),
  FSC2012: code('conflicting keys', 'the key is declared once', 'keep one declaration of the key'),
  FSC2013: code('tag does not fit the kind of source', 'a request has no history', 'remove the tag'),
  FSC2015: code(
    'reserved name',
    'names ending in _v and digits belong to views, those beginning with pg_ to PostgreSQL’s catalogue',
    'choose another name',
  ),
  FSC2020: code(
    'unknown type',
    'the type is not one of those that all machines compute alike',
    'use smallint, integer, bigint, decimal(p,s), real, double precision, boolean, text, varchar(n), date, timestamp or timestamptz',
  ),
  FSC2021: code(
    'numeric without precision',
    'DuckDB reads it as decimal(18,3), Postgres as unlimited',
    'write decimal(p,s), such as decimal(12,2)',
  ),
  FSC2022: code(
    'precision out of range',
    'a decimal holds 1 to 38 digits, of which 0 to 38 after the point',
    'write decimal(p,s) with p up to 38 and s up to p',
  ),
  FSC2023: code(
    'interval column',
    'intervals of months have no order or length that the databases agree on',
    'store seconds as bigint or double precision',
  ),
  FSC2024: code('bad type argument', 'the type takes no such argument', 'correct the argument'),
  FSC2025: code('column declared twice', 'names of columns are unique', 'rename one of them'),
  FSC2026: code(
    'name outside the rule',
    'names are carried into databases, files and clients, so they are [a-z_][a-z0-9_]* of at most 63 bytes',
    'rename it; `-- @from COLUMN "field"` maps a field of another name',
  ),
  FSC2027: code(
    'name reserved by a database',
    'one of the databases would read the bare word as something else',
    'choose another name; `-- @from COLUMN FIELD` maps a field of that name',
  ),
  FSC2028: code('unsupported declaration', 'the declaration has no meaning for a log of records', 'remove it'),
  FSC2029: code(
    'CHECK that is no condition of a record',
    'a check is decided once for each record, from its own columns',
    'use the columns of this table only',
  ),
  FSC2030: code('bad DEFAULT', 'a default is a constant that fits the column', 'write a constant of the column’s type'),
  FSC2031: code(
    'COMMENT ON something else',
    'a file comments on what it declares',
    'name the declared table, view or one of its columns',
  ),
  FSC2032: code('source without columns', 'a record needs at least one column', 'declare the columns'),
  FSC2033: code(
    'unusable key column',
    'a key is never NULL, and equality of floating numbers is not identity',
    'declare the column NOT NULL and of an exact type',
  ),
  FSC2034: code(
    'epoch unit on a column that is no timestamp',
    'the unit says how a number becomes a timestamp',
    'remove the unit or declare the column timestamp',
  ),
  FSC2035: code(
    'bad @only',
    'the condition decides, for each record, whether it belongs to this source',
    'write a condition over the record’s fields',
  ),

  FSC3001: code('unknown column', 'no column of this name is in scope', 'name a column that exists'),
  FSC3002: code('unknown relation', 'there is no source, view or CTE of this name', 'name one that exists'),
  FSC3003: code('unknown table alias', 'no relation in FROM has this name', 'use the alias given in FROM'),
  FSC3004: code(
    'unknown function',
    'a feature may call what every machine computes alike',
    'call one of the functions of docs/features-guide.md',
  ),
  FSC3005: code(
    'ambiguous column',
    'more than one relation has a column of this name',
    'qualify it with the relation’s alias',
  ),
  FSC3006: code(
    'output without a name',
    'each output is a feature and needs a name; the databases make up different ones',
    'add `AS name`',
  ),
  FSC3007: code('output name used twice', 'features are known by their names', 'rename one of them'),
  FSC3008: code(
    'alias shadows a column',
    'the alias is also a column of the source, and the databases resolve it differently',
    'choose another alias',
  ),
  FSC3009: code(
    'CTE column list does not match',
    'the list must name every column of the query',
    'name as many columns as the query returns',
  ),
  // FSC301x come from the function registry (runtime/functions).
  FSC3010: code(
    'integer divided by integer',
    'DuckDB gives a fraction, Postgres cuts it off',
    'write `a * 1.0 / b` for a fraction, or trunc(a * 1.0 / b)',
  ),
  FSC3011: code(
    'decimal with too many digits after the point',
    'a decimal has at most 38 digits in both databases',
    'cast the operands to fewer digits',
  ),
  FSC3012: code(
    'substr from below 1',
    'DuckDB counts from the end there, Postgres from before the text',
    'start at 1 or later, with a length of 0 or more',
  ),
  FSC3013: code(
    'LIKE pattern that the databases read differently',
    'a backslash escapes in Postgres and is a character in DuckDB',
    'write a literal pattern without backslash, or use starts_with',
  ),
  FSC3014: code(
    'unknown unit or field of time',
    'the databases share only some',
    'write one of those that the message names, as a literal in lower case',
  ),
  FSC3015: code(
    'extract of a field that is not portable',
    'DuckDB cuts the fraction off, Postgres keeps it',
    "use extract(epoch FROM x - date_trunc('minute', x))",
  ),
  FSC3016: code(
    'no common decimal type of 38 digits',
    'DuckDB drops digits after the point there, Postgres keeps them',
    'cast one of the operands to a decimal with fewer digits',
  ),
  FSC3017: code(
    'instant with time zone moved back by months and a time of day at once',
    'DuckDB takes the months last, Postgres first',
    "take them one after the other: `x - INTERVAL '1 month' - INTERVAL '3 hours'`",
  ),
  FSC3018: code(
    'two intervals of one length, one of them in months',
    'DuckDB counts a month as 30 days when it looks for equal expressions, and would move an instant by the wrong one',
    "move the instant by each where it stands: `CASE WHEN c THEN x + INTERVAL '1 month' ELSE x + INTERVAL '30 days' END`",
  ),
  FSC3101: code('wrong argument types', 'the function is not defined for these types', 'cast the arguments'),
  FSC3102: code(
    'literal does not fit',
    'the text cannot be read as the type it stands next to',
    'write a literal of that type',
  ),
  FSC3103: code('condition is not boolean', 'a condition is true, false or NULL', 'compare the value with something'),
  FSC3104: code('no common type', 'the branches must give one type', 'cast them to one type'),
  FSC3105: code(
    'unsupported expression',
    'a feature holds what every machine computes alike, and this is not part of it',
    'write it with supported expressions',
  ),
  FSC3106: code('NULL without a type', 'nothing says which type the column has', 'write CAST(NULL AS type)'),
  FSC3107: code('wrong call', 'the function does not take this form of call', 'correct the call'),
  FSC3108: code(
    'output of type interval',
    'databases and clients hold intervals differently',
    'use extract(epoch FROM …)',
  ),
  FSC3109: code(
    'cast that the databases do not share',
    'the databases would give different values',
    'cast to another type',
  ),
  FSC3110: code('number out of range', 'the number fits no type', 'write a smaller number'),
  FSC3112: code(
    'value that differs from call to call',
    'a feature is a function of its records and the instant, so that training and serving agree',
    'take a column of the source, or `now()` for the instant; what only the caller knows is a column of a request',
  ),

  FSC3201: code(
    'aggregate without GROUP BY',
    'a feature view has one row for each entity',
    'add GROUP BY with the entity’s columns',
  ),
  FSC3202: code('GROUP BY a position', 'positions move when columns are added', 'write the column’s name'),
  FSC3203: code(
    'group expression not selected',
    'the entity’s columns are the key of the view, known by their output names',
    'select each group expression once, unmodified',
  ),
  FSC3204: code('group expression selected twice', 'the key would have two names', 'select it once'),
  FSC3205: code(
    'entity column may be NULL',
    'a NULL key cannot be looked up',
    'add `WHERE column IS NOT NULL`, or declare the column NOT NULL',
  ),
  FSC3206: code(
    'entity column of a floating type',
    'equality of floating numbers is no identity',
    'cast it to decimal(p,s) or bigint',
  ),
  FSC3207: code(
    'column is neither grouped nor aggregated',
    'an entity has many events, and nothing says whose value is meant',
    'aggregate it, or add it to GROUP BY',
  ),
  FSC3208: code(
    'nested aggregates',
    'what an aggregate or its FILTER reads is computed for each event',
    'write one of the two; values of several views meet in a request view',
  ),
  FSC3209: code(
    'aggregate not allowed here',
    'this condition is decided for each event, before aggregation',
    'use HAVING',
  ),
  FSC3210: code(
    'DISTINCT in an aggregate other than count',
    'the incremental form is not supported',
    'remove DISTINCT',
  ),
  FSC3211: code('ORDER BY in an aggregate', 'the aggregate does not depend on order', 'remove ORDER BY'),
  FSC3212: code(
    'bare array_agg',
    'an array is no feature, and grows without bound',
    'write (array_agg(x ORDER BY event_time DESC, key DESC))[1] for the latest value',
  ),
  FSC3213: code(
    'order leaves ties undecided',
    'two events may have one event time, and the databases would choose differently',
    'order by the event time and every key column, all in one direction',
  ),
  FSC3214: code(
    'now() inside an aggregate or group',
    'the value of an event may not depend on when one looks',
    'take now() out of the aggregate: now() - max(event_time)',
  ),
  FSC3215: code('grouping sets', 'an entity has one key', 'write a plain GROUP BY, one view for each set'),
  FSC3216: code(
    'HAVING without GROUP BY',
    'there is no entity whose row it could decide',
    'add GROUP BY, or use WHERE',
  ),

  FSC3301: code(
    'now() that is no window bound',
    'next to now() only a window can be kept incrementally',
    'write event_time > now() - INTERVAL … as a conjunct at the top of WHERE or FILTER',
  ),
  FSC3302: code(
    'months or years from an untruncated instant',
    "now() - INTERVAL '1 month' jumps back and forth at the ends of months",
    "write date_trunc('month', now()) - INTERVAL '1 month', or count in days",
  ),
  FSC3303: code(
    'window inside OR or NOT',
    'an event must enter and leave a window once',
    'write the window as a conjunct at the top, one aggregate for each window',
  ),
  FSC3304: code(
    'window over a second timestamp',
    'in this version windows are over the event time',
    'compare the event time with now()',
  ),
  FSC3305: code(
    'window bound that is not constant',
    'the length of a window must be known when the view is compiled',
    'write a constant interval',
  ),
  FSC3306: code('window that is always empty', 'no event time can lie between its bounds', 'exchange the bounds'),
  FSC3307: code(
    'comparison with now() that is no bound',
    'a window is bounded by <, <=, > or >=',
    'write a window with a lower or upper bound',
  ),

  FSC3401: code(
    'windows of different partitions',
    'a view has one entity',
    'use one PARTITION BY in all windows, or one view for each',
  ),
  FSC3402: code(
    'OVER without PARTITION BY',
    'the partition is the entity of the view',
    'add PARTITION BY with the entity’s columns',
  ),
  FSC3403: code(
    'OVER that is not ordered by event time',
    'events come in order of event time, then key',
    'write ORDER BY event_time, or event_time and the key',
  ),
  FSC3404: code('descending OVER', 'a frame over later events looks into the future', 'order ascending'),
  FSC3405: code(
    'order leaves ties undecided',
    'two events may have one event time, and the databases would order them differently',
    'add every key column to ORDER BY',
  ),
  FSC3406: code(
    'frame that looks into the future',
    'at the time of the event the later ones are not known',
    'end the frame at CURRENT ROW or earlier',
  ),
  FSC3407: code('EXCLUDE in a frame', 'not supported', 'remove EXCLUDE'),
  FSC3408: code('GROUPS frame', 'not supported', 'use RANGE with an interval, or ROWS'),
  FSC3409: code(
    'bad frame offset',
    'a RANGE offset is a constant interval of days and smaller units, a ROWS offset a whole number',
    'write a constant offset',
  ),
  FSC3410: code('unknown window name', 'the WINDOW clause has no such name', 'name a window of the WINDOW clause'),
  FSC3411: code(
    'unsupported window function',
    'not one of those that every machine computes alike',
    'use an aggregate, lag, row_number, first_value or last_value',
  ),
  FSC3412: code(
    'DISTINCT with OVER',
    'Postgres cannot compute it',
    'use an as-of view: count(DISTINCT x) FILTER (WHERE event_time > now() - INTERVAL …) with GROUP BY',
  ),
  FSC3413: code(
    'window function not allowed here',
    'window functions are computed after WHERE and GROUP BY',
    'use it in the SELECT list of a view without GROUP BY',
  ),
  FSC3414: code(
    'entity column not selected',
    'the entity’s columns are the key of the view',
    'select each PARTITION BY column once, unmodified',
  ),
  FSC3415: code(
    'now() inside OVER',
    'a frame is relative to its row, not to the instant of the lookup',
    'take now() out of the window function',
  ),
  FSC3416: code(
    'bad lag',
    'lag(x, n, default) looks a constant number of rows back',
    'write a whole number of at least 0',
  ),
  FSC3417: code(
    'FILTER on a window function that is no aggregate',
    'neither database has it',
    'remove FILTER, or use an aggregate',
  ),
  FSC3418: code(
    'window that overrides its base',
    'a derived window may only add ORDER BY or a frame',
    'write the window out',
  ),
  FSC3419: code(
    'no entity',
    'nothing says whose features the rows are',
    'add GROUP BY, a window with PARTITION BY, or `-- @entity COLUMN`',
  ),
  FSC3420: code(
    'bad @entity',
    'the tag names selected columns of the source',
    'name selected columns, and only where no PARTITION BY does',
  ),
  FSC3421: code('frame that ends before it starts', 'it would always be empty', 'exchange the bounds'),
  FSC3422: code(
    'first or last value of a frame with ties',
    'a RANGE frame has one ORDER BY column, so events of one instant are in no order',
    'use a ROWS frame, or the default frame with ORDER BY event_time and the key',
  ),
  FSC3423: code('window name used twice', 'names of windows are unique', 'rename one of them'),
  FSC3425: code(
    'window derived from a derived window',
    'DuckDB forgets the PARTITION BY that stands two windows back',
    'derive it from a window that is written out',
  ),
  FSC3424: code(
    'window function without OVER',
    'it is computed from the rows around a row, and nothing says which',
    'add `OVER (PARTITION BY entity ORDER BY event_time, key)`',
  ),

  FSC4001: code(
    'set operations',
    'UNION, EXCEPT and INTERSECT are not supported yet',
    'use one view for each branch and combine them in a request view',
  ),
  FSC4002: code(
    'joins between sources',
    'as-of joins are not supported yet',
    'use one view for each source and join them in a request view',
  ),
  FSC4003: code(
    'ORDER BY at the top of a view',
    'a view is a set of rows, one for each entity',
    'remove ORDER BY; `fsc query` can order',
  ),
  FSC4004: code('LIMIT or OFFSET', 'which rows it keeps would depend on other entities', 'remove it'),
  FSC4005: code('SELECT DISTINCT', 'a view has one row for each entity already', 'use GROUP BY'),
  FSC4006: code('view without FROM', 'a view reads a source', 'add FROM'),
  FSC4007: code(
    'view over a view',
    'views over views are supported in request views only',
    'read the source, or join the view in a request view',
  ),
  FSC4008: code(
    'recursive CTE',
    'recursion has no incremental form',
    'remove RECURSIVE, with the UNION that reads the CTE itself',
  ),
  FSC4009: code(
    'subquery that is no projection or filter',
    'only simple subqueries are inlined',
    'write it as one SELECT, or as two views joined in a request view',
  ),
  FSC4010: code('schema-qualified name', 'sources and views are known by one name', 'remove the schema'),
  FSC4011: code('unsupported FROM', 'not a source, view, CTE or subquery', 'name a source'),
  FSC4012: code(
    'LATERAL',
    'as-of joins are not supported yet',
    'use one view for each source and join them in a request view',
  ),
  FSC4013: code('SELECT * in an aggregate view', 'it would select columns that are not grouped', 'name the columns'),
  FSC4014: code('CTE defined twice', 'names of CTEs are unique', 'rename one of them'),
  FSC4015: code(
    'expression too large',
    'columns of CTEs and subqueries stand for their expressions, and written out these are larger than any machine takes',
    'split the view, or use the column of a CTE less often',
  ),
  FSC4101: code(
    'join of another kind in a request view',
    'a request has one row, so views are joined LEFT or INNER on their keys',
    'write LEFT JOIN view ON …',
  ),
  FSC4102: code(
    'join of a source in a request view',
    'a request view joins views',
    'write a view over the source and join that',
  ),
  FSC4103: code(
    'join on a part of the key',
    'without the full key there would be several rows',
    'add the missing key columns to ON',
  ),
  FSC4104: code(
    'join condition that is no key equality',
    'a lookup needs the value of each key column',
    'write view.key = request.column for each key column',
  ),
  FSC4105: code(
    'key of another type',
    'the request’s value could be no key of the view',
    'cast it, or declare the request’s column with the key’s type',
  ),
  FSC4106: code('alias used twice', 'relations in FROM are known by their aliases', 'give each an alias of its own'),
  FSC4107: code('aggregate in a request view', 'a request has one row', 'aggregate in the view that is joined'),
  FSC4108: code(
    'USING or missing ON',
    'the key’s equalities must be written out',
    'write ON view.key = request.column',
  ),
  FSC4109: code(
    'request view joins a request view',
    'only views over logs can be joined',
    'join the views that it joins',
  ),

  FSC5001: code(
    'unbounded state',
    'the state of an entity would grow with its events for ever',
    'add a window, or `-- @allow_unbounded_state`',
  ),
  FSC5002: code(
    'decision on an inexact value',
    'the value is equal in the machines only within a tolerance, so at its edge the decision can flip',
    'declare the column decimal, or decide on exact values such as sums and counts',
  ),
  FSC5003: code(
    'not to be said in a dialect',
    'every view runs in DuckDB and in Postgres, and one of them has no exact form of this',
    'write it with functions of docs/features-guide.md',
  ),
} as const satisfies Record<string, CodeText>;

export type SemanticCode = keyof typeof SEMANTIC_CODES;
