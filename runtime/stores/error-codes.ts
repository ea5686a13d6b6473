/** FSC720x: the online store and its rows. */
export const STORE_CODES = {
  FSC7200: {
    title: 'the online store cannot be opened',
    explanation:
      'The folder is missing, full, may not be written, or holds something else than an online store of fsc. Who reads it writes its lock file (`lock.mdb`), by which a run sees what is being read and leaves it alone. Without the right to that (another user, a volume that is mounted read-only) it can be read as long as no run writes it, and is refused from then on: values could be torn.',
    help: 'Check "online" in fsc.json and the rights of the folder. A service that reads beside a run needs the right to write `lock.mdb`.',
  },
  FSC7201: {
    title: 'an online row is corrupt',
    explanation:
      'Every stored row carries a checksum, of its key too, and this one does not match, or LMDB found a page broken: bytes were changed after they were written. A lookup never gives a wrong value for that, but it cannot see all damage: a broken page of the index may hide an entity (`fsc verify` tells of it), and LMDB, which maps the file, may end the process. Online rows can always be made again from the state: remove the store and run again.',
    help: 'Remove the online store and run again: it is made anew from the state.',
  },
  FSC7202: {
    title: 'the online store has a newer format',
    explanation: 'A newer fsc wrote it. Nothing was changed. Use that version, or remove the store and run again.',
    help: 'Use the newer fsc, or remove the store and run again.',
  },
  FSC7203: {
    title: 'online rows of another plan',
    explanation:
      'Rows are written and read by one version of a view. The program that reads has a view of this name with another meaning or other columns than the one that was run last.',
    help: 'Run `fsc run --mode stream` with the views as they are now, or deploy the program that belongs to the rows.',
  },
  FSC7204: {
    title: 'a stale writer was refused',
    explanation:
      'Another process has taken over the writing of this store (it has a higher epoch). This one must not write any more; what it wrote before stays valid.',
    help: 'Stop this process: another one writes now.',
  },
  FSC7205: {
    title: 'the online store cannot be written',
    explanation: 'The disk is full or the store went away. Rows are idempotent, so running again is safe.',
    help: 'Make room or bring the store back, and run again.',
  },
  FSC7206: {
    title: 'nothing was run yet',
    explanation: 'The online store holds nothing of the view: `fsc run --mode stream` fills it.',
    help: 'Run `fsc run --mode stream`.',
  },
  FSC7207: {
    title: 'the online store was removed or replaced',
    explanation:
      'The folder was removed while a process had it open, or another one took its place. A run stops, since what it writes could not be found; a client opens what is there now, with its next lookup.',
    help: 'Run again: rows are made again from the state.',
  },
} as const;
