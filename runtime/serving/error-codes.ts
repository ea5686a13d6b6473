/** FSC722x: online lookup and the generated client. */
export const SERVING_CODES = {
  FSC7220: {
    title: 'the instant is before the online row',
    explanation:
      'Online rows hold the present and its future, from five seconds before they were written. Values of the past are training values: `fsc dataset` computes them, for one entity or many, at any instant. Where now itself is before the row, the row was written by a clock that is ahead of this one, or by that of events (`"clock": "events"`).',
    help: 'Ask for a later instant, or compute values of the past with `fsc dataset`. For now, set the clocks alike, or make the rows anew with `fsc run --mode stream --rebuild`.',
  },
  FSC7221: {
    title: 'unknown view',
    explanation: 'The program that looks up has no view of this name.',
    help: 'Name a view of the project, version included.',
  },
  FSC7222: {
    title: 'a request view has no rows of its own',
    explanation:
      'Its rows are made from what a caller sends, so there is nothing to list; ask for one with its columns.',
    help: 'Ask for one row: `fsc get VIEW COLUMN=VALUE …`.',
  },
  FSC7223: {
    title: 'a key or request value cannot be read',
    explanation: 'Keys and request columns are given by name, each once, with a value that fits its type without loss.',
    help: 'Give the value in the type that the message names.',
  },
  FSC7224: {
    title: 'the client cannot find its store',
    explanation: 'A client reads `online`, `clock` and `namespace` from the project’s fsc.json unless they are given.',
    help: 'Give the project’s folder, or `store`, `clock` and `namespace`, to connect().',
  },
  FSC7225: {
    title: 'an instant cannot be read',
    explanation:
      'Instants are ISO 8601 (`2001-03-01T12:00:00Z`) or a Date, within 2^53 microseconds of 1970 (1684-07-29 to 2255-06-05): further away they would be rounded.',
    help: 'Write the instant like 2001-03-01T12:00:00Z.',
  },
  FSC7226: {
    title: 'a call of the client has an option that is unknown or does not fit',
    explanation:
      'Options that are not known would be ignored: a lookup at an instant would answer for now. A lookup takes `at`; the options of `connect`, and what fits them, stand in the generated types.',
    help: 'Use an option that the message names, or give it a value that fits.',
  },
  FSC7227: {
    title: 'the client is closed',
    explanation:
      '`close()` gives the online store back. What was asked before is answered; what is asked after is not.',
    help: 'Connect once, look up as often as you like, and close when the service ends.',
  },
} as const;
