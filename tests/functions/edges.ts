/** Calls at the edges of what their functions tell apart, which random arguments hardly ever meet: text and value, as in documentation. */
export interface Edge {
  readonly sql: string;
  readonly value: string;
}

const edge = ([sql, value]: readonly [string, string]): Edge => ({ sql, value });

const NINES = '9'.repeat(37);
/** 10^28 has no place beside ten digits after the point, though what is a little less has. */
const WIDE = `CAST('1${'0'.repeat(28)}' AS decimal(38,0))`;
const FINE = "CAST('0.0000000001' AS decimal(38,10))";

const ARITHMETIC = [
  ['CAST(-32767 AS smallint) - CAST(1 AS smallint)', '-32768'],
  ['CAST(-32767 AS smallint) - CAST(2 AS smallint)', 'NULL'],
  ['CAST(32766 AS smallint) + CAST(1 AS smallint)', '32767'],
  ['CAST(32766 AS smallint) + CAST(2 AS smallint)', 'NULL'],
  ['-2147483647 - 1', '-2147483648'],
  ['-2147483647 - 2', 'NULL'],
  [`${WIDE} - ${FINE}`, 'NULL'],
  [`${FINE} - ${WIDE}`, 'NULL'],
  [`-${WIDE} + ${FINE}`, 'NULL'],
  [`${FINE} + ${FINE}`, '0.0000000002'],
  [`CAST('${NINES}' AS decimal(38,0)) + CAST('0.5' AS decimal(2,1))`, `${NINES}.5`],
] as const;

const word = (text: string): string => `CAST('${text}' || '' AS double precision)`;
const stamp = (text: string): string => `CAST('2001-02-03 ${text}' || '' AS timestamp)`;
const ZEROS = '0'.repeat(999);

const CASTS = [
  ...['nan', 'NaN', 'NAN'].map((text) => [word(text), 'NaN'] as const),
  ...['-nan', '+nan'].map((text) => [word(text), 'NaN'] as const),
  ...['inf', 'Inf', '+inf', 'INFINITY', ' infinity '].map((text) => [word(text), 'Infinity'] as const),
  ...['-inf', '-Infinity', ' -INF'].map((text) => [word(text), '-Infinity'] as const),
  ['CAST(CAST(-1e-60 AS double precision) AS real)', '0'],
  ['CAST(CAST(1e-60 AS double precision) AS real)', '0'],
  ['CAST(CAST(-1e60 AS double precision) AS real)', 'NULL'],
  // Half-way between the greatest real and where the next would be, and between 0 and the least.
  ['CAST(CAST(3.4028235677973362e38 AS double precision) AS real)', '3.4028234663852886e+38'],
  ['CAST(CAST(3.4028235677973366e38 AS double precision) AS real)', 'NULL'],
  ['CAST(CAST(-3.4028235677973366e38 AS double precision) AS real)', 'NULL'],
  ['CAST(CAST(7.006492321624085e-46 AS double precision) AS real)', '0'],
  ['CAST(CAST(7.006492321624087e-46 AS double precision) AS real)', '1.401298464324817e-45'],
  [`CAST('${ZEROS}7' || '' AS integer)`, '7'],
  [`CAST('0${ZEROS}7' || '' AS integer)`, 'NULL'],
  [`CAST('${ZEROS}7' || '' AS double precision)`, '7'],
  [`CAST('0${ZEROS}7' || '' AS double precision)`, 'NULL'],
  [`CAST('${ZEROS}7' || '' AS decimal(5,2))`, '7.00'],
  [`CAST('0${ZEROS}7' || '' AS decimal(5,2))`, 'NULL'],
  [stamp('4:5'), '2001-02-03 04:05:00'],
  [stamp('04:05:6'), '2001-02-03 04:05:06'],
  [stamp('04:05:06.'), '2001-02-03 04:05:06'],
  [stamp('04:05:06.05'), '2001-02-03 04:05:06.05'],
  [stamp('04:05:06.123456'), '2001-02-03 04:05:06.123456'],
  [stamp('04:05:06.123456+02'), '2001-02-03 04:05:06.123456'],
  [stamp('24:0:0'), '2001-02-04 00:00:00'],
] as const;

const day = (text: string): string => `CAST('${text}' || '' AS date)`;
const exponent = (text: string, type: string): string => `CAST('${text}' || '' AS decimal(${type}))`;

/** The point of a decimal's text is moved in DuckDB by fsc, not by the database. */
const EXPONENTS = [
  [exponent('1e3', '10,2'), '1000.00'],
  [exponent(' +1.5E+2 ', '10,2'), '150.00'],
  [exponent('-.804e-1', '10,2'), '-0.08'],
  [exponent('5.e1', '10,2'), '50.00'],
  [exponent('0.0045e1', '10,2'), '0.05'],
  [exponent('-5e-3', '10,2'), '-0.01'],
  [exponent('-4e-3', '10,2'), '0.00'],
  [exponent('.804e-40', '5,2'), '0.00'],
  [exponent('1234567e-4', '5,2'), '123.46'],
  [exponent('1e37', '38,0'), `1${'0'.repeat(37)}`],
  [exponent('1e38', '38,0'), 'NULL'],
  [exponent('1e999', '10,2'), 'NULL'],
  [exponent('1e-999', '10,2'), '0.00'],
  [exponent(`1${'0'.repeat(500)}e-499`, '10,2'), '10.00'],
  [exponent(`0.${'0'.repeat(500)}1e502`, '10,2'), '10.00'],
  [exponent('1e0003', '10,2'), 'NULL'],
  [exponent('1e', '10,2'), 'NULL'],
  [exponent('e3', '10,2'), 'NULL'],
  [exponent('1e3.5', '10,2'), 'NULL'],
] as const;

const DATES = [
  ...['2004-02-29', '2000-02-29', '2001-02-28', '2001-04-30', '2001-12-31', '0001-01-01', '9999-12-31'].map(
    (text) => [day(text), text] as const,
  ),
  ...['1900-02-29', '2001-02-29', '2004-02-30', '2001-04-31', '2001-11-31', '2001-12-32', '2001-13-01', '2001-00-01']
    .concat(['2001-01-00', '0000-12-31', '10000-01-01'])
    .map((text) => [day(text), 'NULL'] as const),
  [day('2001-1-2'), '2001-01-02'],
  ...[
    ' 10:00:00',
    'T10:00:00Z',
    't10:00',
    '  1:2',
    ' 24:00',
    'T24:00:00',
    '\t23:59:59.999999999+15:59',
    ' 10:00:00 UTC',
    ' 23:59:59-0800 ',
  ]
    .flatMap((clock) => [day(`2004-02-29${clock}`), day(`2004/2/29${clock}`)])
    .map((sql) => [sql, '2004-02-29'] as const),
  ...[' 10', ' 25:00', ' 10:60', ' 10:00:61', ' 24:00:01', ' 10:00+16', ' noon', 'T', '-10:00'].map(
    (clock) => [day(`2004-02-29${clock}`), 'NULL'] as const,
  ),
  [day('2004-02/29'), 'NULL'],
  ["CAST('2004/2/29T10:00' || '' AS timestamp)", '2004-02-29 10:00:00'],
  [`${day('0001-01-02')} - 1`, '0001-01-01'],
  [`${day('0001-01-02')} - 2`, 'NULL'],
  ["DATE '0001-01-01' + 1", '0001-01-02'],
  ["DATE '0099-12-31' + 1", '0100-01-01'],
  ["DATE '9999-12-30' + 1", '9999-12-31'],
  ["2 + DATE '9999-12-30'", 'NULL'],
] as const;

/** What is between the greatest double and what would follow it is rounded, and so is what is around half the least one. */
const BEYOND_DOUBLE = 2n ** 1024n - 2n ** 970n;

const DOUBLES = [
  [word('1e3'), '1000'],
  [word('5.E-1'), '0.5'],
  [word(String(BEYOND_DOUBLE - 1n)), '1.7976931348623157e+308'],
  [word(`-${BEYOND_DOUBLE - 1n}`), '-1.7976931348623157e+308'],
  [word(String(BEYOND_DOUBLE)), 'NULL'],
  [word(`-${BEYOND_DOUBLE}`), 'NULL'],
  [word('2.4703282292062327e-324'), '0'],
  [word('-2.4703282292062327e-324'), '0'],
  [word('2.4703282292062328e-324'), '5e-324'],
  [word('-0'), '0'],
  [`exp(${word('709.782712893384')}) IS NULL`, 'false'],
  [`exp(${word('709.7827128933841')})`, 'NULL'],
  // Its logarithm vanishes, which Postgres raises.
  [`power(${word('1.0000001')}, ${word('1e-320')})`, '1'],
] as const;

/** 2000 years of months and of days are what an instant or date is moved by at most, be they told as one constant or not. */
const MOVED = [
  [`${day('0001-01-01')} + INTERVAL '24000 months'`, '2001-01-01 00:00:00'],
  [`${day('0001-01-01')} + INTERVAL '24001 months'`, 'NULL'],
  [`${day('0001-01-01')} + INTERVAL '1 month' * 24000`, '2001-01-01 00:00:00'],
  [`${day('0001-01-01')} + INTERVAL '1 month' * 24001`, 'NULL'],
  [`${day('0001-01-01')} + INTERVAL '730000 days'`, '1999-09-04 00:00:00'],
  [`${day('0001-01-01')} + INTERVAL '730001 days'`, 'NULL'],
  [`${day('0001-01-01')} + INTERVAL '1 day' * 730000`, '1999-09-04 00:00:00'],
  [`INTERVAL '1 day' * 730001 + ${day('0001-01-01')}`, 'NULL'],
  ["DATE '3999-12-31' - INTERVAL '24000 months'", '1999-12-31 00:00:00'],
  ["DATE '3999-12-31' - INTERVAL '24001 months'", 'NULL'],
  ["DATE '2001-01-31' + INTERVAL '1 month'", '2001-02-28 00:00:00'],
  ["TIMESTAMP '2001-01-02 10:00' - TIMESTAMP '2001-01-02 12:00'", '-2 hours'],
  ["TIMESTAMP '2001-01-02 12:00' - TIMESTAMP '2001-01-02 10:00'", '2 hours'],
  ["TIMESTAMP '2001-01-03 10:00' - TIMESTAMP '2001-01-02 12:00'", '22 hours'],
  ["TIMESTAMP '2001-01-02 12:00' - TIMESTAMP '2001-01-03 10:00'", '-22 hours'],
  ["TIMESTAMP '2001-01-02 12:00' - TIMESTAMP '2001-01-04 10:00'", '-1 days -22 hours'],
] as const;

const INTERVALS = [
  ["extract(year FROM INTERVAL '1 month' * 1068000000)", '89000000'],
  ["INTERVAL '1 month' * 1068000001", 'NULL'],
  ["INTERVAL '-1 month' * 1068000000 - INTERVAL '1 month'", 'NULL'],
  ["extract(day FROM INTERVAL '1 day' * 1000000000)", '1000000000'],
  ["INTERVAL '1 day' * 1000000001", 'NULL'],
  ["INTERVAL '-1 day' * 1000000000 - INTERVAL '1 day'", 'NULL'],
  ["extract(hour FROM INTERVAL '1 hour' * 2499999 + INTERVAL '3599 seconds')", '2499999'],
  ["INTERVAL '1 hour' * 2499999 + INTERVAL '3600 seconds'", 'NULL'],
  ["INTERVAL '1 hour' * 2500000", 'NULL'],
  ["INTERVAL '1 hour' * -2500000", 'NULL'],
] as const;

const TEXTS = [
  ["'|' || trim('  a b  ') || '|'", '|a b|'],
  ["substr('a😀b', 2, 1)", '😀'],
  ["substr('a😀b', 3)", 'b'],
  ["substr('😀😀c', 2, 2)", '😀c'],
  ["substr('abc', 2, 1)", 'b'],
  ["substr('abc', 2, 0)", ''],
  ["substr('abc', 9, 2)", ''],
  ['lower(NULL)', 'NULL'],
  ["'a' || NULL", 'NULL'],
  ["NULL LIKE 'a'", 'NULL'],
] as const;

const COMPARISONS = [
  // By code point: in UTF-16 the pair of surrogates stands below.
  ["'\uffee' < '\u{1f600}'", 'true'],
  ["'\u{1f600}' <= '\uffee'", 'false'],
  ["'\u{1f600}' > '\uffee'", 'true'],
  ["'\uffee' >= '\u{1f600}'", 'false'],
  ["greatest('\uffee', '\u{1f600}')", '\u{1f600}'],
  // By length, whatever the signs of the parts.
  ["INTERVAL '1 day' + INTERVAL '-1 second' < INTERVAL '1 day'", 'true'],
  ["INTERVAL '1 day' + INTERVAL '-1 second' = INTERVAL '86399 seconds'", 'true'],
  ["INTERVAL '1 month' + INTERVAL '-1 day' = INTERVAL '29 days'", 'true'],
  ["INTERVAL '1 month' + INTERVAL '-1 day' >= INTERVAL '30 days'", 'false'],
  ["INTERVAL '-1 day' + INTERVAL '1 second' > INTERVAL '-1 day'", 'true'],
  ["INTERVAL '-1 day' + INTERVAL '1 second' IS DISTINCT FROM INTERVAL '-86399 seconds'", 'false'],
  ['1 = NULL', 'NULL'],
  ['NULL < 1', 'NULL'],
  ['NULL IS DISTINCT FROM 1', 'true'],
  ['greatest(NULL, 2)', '2'],
  ['least(2, NULL)', '2'],
] as const;

export const EDGES: readonly Edge[] = [
  ARITHMETIC,
  CASTS,
  EXPONENTS,
  DATES,
  DOUBLES,
  MOVED,
  INTERVALS,
  TEXTS,
  COMPARISONS,
].flatMap((edges) => edges.map(edge));
