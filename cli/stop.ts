/** Why a command stops before its end: the reason of the signal in Io. */
export class Stop extends Error {
  readonly by: 'SIGINT' | 'SIGTERM';

  constructor(by: 'SIGINT' | 'SIGTERM') {
    super(`stopped by ${by}`);
    this.by = by;
  }
}
