/** Word classes of Postgres 18 (appendix C of its manual) and of DuckDB (`duckdb_keywords()`): a name must be free in both. */

/** Never a name without quotes. The third row is reserved by DuckDB only. */
const RESERVED = words(`
  all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create current_catalog
  current_date current_role current_time current_timestamp current_user default deferrable desc distinct do else end except
  describe lambda pivot pivot_longer pivot_wider qualify show summarize unpivot
  false fetch for foreign from grant group having in initially intersect into lateral leading limit localtime localtimestamp
  not null offset on only or order placing primary references returning select session_user some symmetric system_user table
  then to trailing true union unique user using variadic when where window with
`);

/** May name a function, but not a column, table or alias. The second row is DuckDB's only. */
const FUNCTION_ONLY = words(`
  authorization binary collation concurrently cross current_schema freeze full ilike inner is isnull join left like
  anti asof at by columns generated glob map positional semi struct try_cast unpack
  natural notnull outer overlaps right similar tablesample verbose
`);

/** May name a column or table, but not a function: each has a syntax of its own or is a type. */
const COLUMN_ONLY = words(`
  between bigint bit boolean char character dec decimal float inout int integer interval national nchar none numeric out
  precision real setof smallint time timestamp values varchar
`);

/** Written without AS these are no alias in one of the databases, although they are fine as names elsewhere. */
const NEEDS_AS = words(`
  over filter within varying without day days hour hours minute minutes month months second seconds year years
  abort absolute access action add admin after aggregate also alter always assertion assignment attach attribute
  backward before begin cache call called cascade cascaded catalog centuries century chain characteristics checkpoint
  class close cluster comment comments commit committed compression configuration conflict connection constraints
  content continue conversion copy cost csv cube current cursor cycle data database day days deallocate decade decades
  declare defaults deferred definer delete delimiter delimiters depends detach dictionary disable discard document
  domain double drop each enable encoding encrypted enum error escape event exclude excluding exclusive execute explain
  export export_state extension extensions external family filter first following force forward function functions
  global grant granted groups handler header hold hour hours identity if ignore immediate immutable implicit import
  include including increment index indexes inherit inherits inline input insensitive insert install instead invoker
  isolation json key label language large last leakproof level listen load local location lock locked logged macro
  mapping match matched materialized maxvalue merge method microsecond microseconds millennia millennium millisecond
  milliseconds minute minutes minvalue mode month months move name names new next no nothing notify nowait nulls object
  of off oids old operator option options ordinality others over overriding owned owner parallel parser partial
  partition partitioned passing password percent persistent plans policy pragma preceding prepare prepared preserve
  prior privileges procedural procedure program publication quarter quarters quote range read reassign recheck
  recursive ref referencing refresh reindex relative release rename repeatable replace replica reset respect restart
  restrict returns revoke role rollback rollup rows rule sample savepoint schema schemas scope scroll search second
  seconds secret security sequence sequences serializable server session set sets share simple skip snapshot sorted
  source sql stable standalone start statement statistics stdin stdout storage stored strict strip subscription sysid
  system tables tablespace target temp template temporary text ties transaction transform trigger truncate trusted type
  types unbounded uncommitted unencrypted unknown unlisten unlogged until update use user vacuum valid validate
  validator value variable varying version view views virtual volatile week weeks whitespace within without work
  wrapper write xml year years yes zone
`);

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

export function isReserved(word: string): boolean {
  return RESERVED.has(word);
}

/** Whether an unquoted word may stand as the name of a column, table or alias. */
export function isNameWord(word: string): boolean {
  return !RESERVED.has(word) && !FUNCTION_ONLY.has(word);
}

export function isFunctionWord(word: string): boolean {
  return !RESERVED.has(word) && !COLUMN_ONLY.has(word);
}

/** Whether an unquoted word after an expression is its alias. */
export function isBareAliasWord(word: string): boolean {
  return isNameWord(word) && !COLUMN_ONLY.has(word) && !NEEDS_AS.has(word);
}
