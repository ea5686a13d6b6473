/** 128 and the signal's number, as a shell says it. */
export const STOP_STATUS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Why a command stops before its end: the reason of the signal in Io. */
export class Stop extends Error {
  readonly by: keyof typeof STOP_STATUS;

  constructor(by: keyof typeof STOP_STATUS) {
    super(`stopped by ${by}`);
    this.by = by;
  }
}
