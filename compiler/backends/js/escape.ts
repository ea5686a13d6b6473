declare const escaped: unique symbol;
/** Text that may stand in generated JavaScript as it is. Only the functions of this file make it from outside text. */
export type JsText = string & { readonly [escaped]: true };

/** A string literal. JSON, and the two separators that end lines in older readers; `</` cannot occur in a script of ours but costs nothing. */
export function jsString(text: string): JsText {
  return JSON.stringify(text)
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029') as JsText;
}

/** Plain data as a literal. Bigints are written as such; −0, NaN and infinities keep their value. */
export function jsData(value: unknown): JsText {
  if (value === undefined) return 'undefined' as JsText;
  if (typeof value === 'string') return jsString(value);
  if (typeof value === 'bigint') return `${value}n` as JsText;
  if (typeof value === 'number') return (Object.is(value, -0) ? '-0' : String(value)) as JsText;
  if (Array.isArray(value)) return `[${value.map(jsData).join(',')}]` as JsText;
  if (value !== null && typeof value === 'object') {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    // A computed key, since `{"__proto__": x}` would set the prototype.
    return `{${fields.map(([key, field]) => `[${jsString(key)}]:${jsData(field)}`).join(',')}}` as JsText;
  }
  return String(value) as JsText;
}
