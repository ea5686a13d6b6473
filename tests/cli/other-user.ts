/** `nobody`: to root every file is readable, whatever its mode. */
const NOBODY = 65_534;

/** Runs `action` as a user that has no more rights than the modes of files give; for a user that is not root, that is itself. */
export async function withoutPrivilege<T>(action: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return action();
  process.setegid?.(NOBODY);
  process.seteuid?.(NOBODY);
  try {
    return await action();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}
