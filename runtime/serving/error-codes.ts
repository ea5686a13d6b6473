/** FSC722x: online lookup and the generated client. */
export const SERVING_CODES = {
  FSC7220: {
    title: 'the instant is before the online row',
    explanation:
      'Online rows hold the present and its future, from five seconds before they were written. Values of the past are training values: `fsc dataset` computes them, for one entity or many, at any instant.',
  },
  FSC7221: { title: 'unknown view', explanation: 'The program that looks up has no view of this name.' },
  FSC7222: {
    title: 'a request view has no rows of its own',
    explanation:
      'Its rows are made from what a caller sends, so there is nothing to list; ask for one with its columns.',
  },
  FSC7223: {
    title: 'a key or request value cannot be read',
    explanation: 'Keys and request columns are given by name, each once, with a value that fits its type without loss.',
  },
  FSC7224: {
    title: 'the client cannot find its store',
    explanation: 'A client reads `online`, `clock` and `namespace` from the project’s fsc.json unless they are given.',
  },
  FSC7225: {
    title: 'an instant cannot be read',
    explanation: 'Instants are ISO 8601 (`2001-03-01T12:00:00Z`) or a Date.',
  },
} as const;
