/** Functions of the databases that fsc does not have: what to write instead. Names are as SQL calls them, in lower case. */

const LATEST = '`(array_agg(x ORDER BY event_time DESC, key DESC))[1]`';
const EARLIEST = '`(array_agg(x ORDER BY event_time, key))[1]`';

const HELPS: readonly (readonly [names: string, help: string])[] = [
  ['ifnull nvl', 'write `coalesce(x, y)`'],
  ['isnull', 'write `x IS NULL`'],
  ['if iff iif', 'write `CASE WHEN … THEN … ELSE … END`'],
  ['decode', 'write `CASE x WHEN … THEN … END`'],
  ['nullifzero', 'write `nullif(x, 0)`'],
  ['zeroifnull', 'write `coalesce(x, 0)`'],
  ['try_divide safe_divide', 'write `a / b`: division by zero gives NULL in a feature'],
  ['divide', 'write `a / b`'],
  ['every logical_and', 'write `bool_and(x)`'],
  ['logical_or', 'write `bool_or(x)`'],
  ['count_if countif', 'write `count(*) FILTER (WHERE …)`'],
  ['sum_if sumif', 'write `sum(x) FILTER (WHERE …)`'],
  ['avg_if avgif mean', 'write `avg(x)`, with `FILTER (WHERE …)` for a condition'],
  ['var', 'write `var_samp(x)`'],
  ['stdev std', 'write `stddev_samp(x)`'],
  ['first first_value_agg any_value arg_min min_by', `write ${EARLIEST} for the earliest value`],
  ['last arg_max max_by latest', `write ${LATEST} for the latest value`],
  [
    'median quantile quantile_cont quantile_disc percentile_cont percentile_disc approx_quantile reservoir_quantile percentile',
    'no machine keeps quantiles of a window exactly: `avg`, `min`, `max` and `stddev_samp` describe a distribution',
  ],
  [
    'mode approx_top_k topk',
    `no machine keeps the most frequent value: count each that matters, \`count(*) FILTER (WHERE x = 'a')\`, or take ${LATEST}, the latest`,
  ],
  ['approx_count_distinct approx_distinct hll', 'write `count(DISTINCT x)` in a window: it is exact in every machine'],
  [
    'string_agg listagg group_concat list array_agg_distinct json_agg jsonb_agg json_object_agg histogram map_agg',
    `a feature is one value: count with FILTER, or write ${LATEST} for the latest`,
  ],
  [
    'corr covar_samp covar_pop regr_slope regr_r2 regr_count skewness kurtosis entropy product bit_and bit_or bit_xor geomean',
    'write it with `sum`, `avg`, `count` and arithmetic over them',
  ],
  ['log10 log2', 'write `ln(x) / ln(10.0)`'],
  ['log', 'write `ln(x)`, or `ln(x) / ln(10.0)`: the databases read `log` with different bases'],
  ['cbrt', 'write `sign(x) * power(abs(x), 1.0 / 3)`'],
  ['pi', 'write the number: 3.141592653589793'],
  ['sin cos tan asin acos atan atan2 cot degrees radians sinh cosh tanh', 'compute it before the record enters'],
  ['truncate', 'write `trunc(x)`'],
  ['ceil_int round_even', 'write `ceil(x)` or `round(x)`'],
  ['concat concat_ws', "write `a || b`, with `coalesce(a, '')` where a part may be NULL"],
  ['left', 'write `substr(x, 1, n)`'],
  ['right', 'write `substr(x, CAST(greatest(1, length(x) - n + 1) AS integer))`'],
  ['ltrim rtrim', 'write `trim(x)`, which takes blanks from both ends'],
  ['lpad rpad repeat', 'write it with `substr` and `||`'],
  ['strpos instr position charindex contains', "write `x LIKE '%part%'`"],
  ['ends_with', "write `x LIKE '%part'`"],
  ['startswith prefix', 'write `starts_with(x, y)`'],
  ['len', 'write `length(x)`'],
  ['ucase', 'write `upper(x)`'],
  ['lcase', 'write `lower(x)`'],
  ['initcap reverse translate', 'use `lower`, `upper`, `replace` and `substr`'],
  [
    'regexp_matches regexp_match regexp_replace regexp_extract regexp_like regexp_full_match rlike',
    'write `LIKE`, `starts_with` or `replace`: the databases match regular expressions differently',
  ],
  ['split_part string_split split', 'take the part out before the record enters, or use `substr`'],
  [
    'json_extract json_extract_string json_value jsonb_extract_path jsonb_extract_path_text json_extract_path_text',
    "take the field out when the record enters: `-- @from column path.to.field` in the source's file",
  ],
  ['md5 sha1 sha256 hash hashtext crc32 to_base64 encode', 'compute it before the record enters'],
  ['current_timestamp localtimestamp transaction_timestamp', 'write `now()`'],
  ['today current_date getdate curdate', "write `date_trunc('day', now())`, or `CAST(now() AS date)` for the date"],
  ['current_time localtime', "write `now() - date_trunc('day', now())` for the time of day"],
  ['datediff date_diff timestampdiff age', 'write `extract(epoch FROM b - a)` for seconds, over 86400 for days'],
  ['dateadd date_add adddate', "write `x + INTERVAL '1 day'`"],
  ['date_sub subdate', "write `x - INTERVAL '1 day'`"],
  ['time_bucket date_bin tumble hop', "write `date_trunc('hour', x)`"],
  ['year quarter month week day hour minute dayofweek dayofmonth dayofyear weekday', 'write `extract(FIELD FROM x)`'],
  ['epoch epoch_ms epoch_us unix_timestamp to_unixtime', 'write `extract(epoch FROM x)`'],
  [
    'to_timestamp make_timestamp from_unixtime make_date to_date strptime date_parse parse_timestamp',
    'write `CAST(x AS timestamp)`, or map the field in the source: `-- @from column field epoch_ms`',
  ],
  ['to_char strftime date_format format_date', 'write `CAST(x AS text)`, or `extract(FIELD FROM x)`'],
  ['to_number try_cast safe_cast', 'write `CAST(x AS type)`: a cast that fails gives NULL in a feature'],
  ['second millisecond microsecond', "write `extract(epoch FROM x - date_trunc('minute', x))`"],
  ['width_bucket', 'write `CASE`, or `floor(x / width)`'],
  ['unnest generate_series range', 'a feature is one row an entity: list the values in `IN (…)`'],
  ['cardinality array_length list_contains array_contains', 'a column holds one value: declare the parts as columns'],
];

const byName = new Map(HELPS.flatMap(([names, help]) => names.split(' ').map((name) => [name, help] as const)));

/** What to write in place of a function of one of the databases; null for a name that is none of theirs. */
export function insteadOf(name: string): string | null {
  return byName.get(name) ?? null;
}

/** Their value depends on the moment, the session or chance, so no two machines would agree. */
const VOLATILE = new Set(
  `random rand setseed uuid gen_random_uuid uuidv4 uuidv7 newid clock_timestamp statement_timestamp timeofday
  nextval currval lastval txid_current current_user session_user user version pg_backend_pid get_current_time
  current_setting current_schema current_database getvariable get_current_timestamp`.split(/\s+/),
);

export function isVolatile(name: string): boolean {
  return VOLATILE.has(name);
}

/** Functions that mean something only with OVER. */
export const WINDOW_FUNCTIONS: ReadonlySet<string> = new Set([
  'lag',
  'lead',
  'row_number',
  'rank',
  'dense_rank',
  'percent_rank',
  'cume_dist',
  'ntile',
  'first_value',
  'last_value',
  'nth_value',
]);
