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

export const EDGES: readonly Edge[] = [...ARITHMETIC, ...CASTS].map(edge);
