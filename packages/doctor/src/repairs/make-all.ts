import type { Directory, DirectoryChange } from '@s4u/directory'

/**
 * Makes all changes of one finding, or none. If a later change is refused, the earlier changes are
 * taken back: otherwise a name could be left without an account. A signal does not stop in the
 * middle.
 */
export async function makeAll(changes: readonly DirectoryChange[], directory: Pick<Directory, 'apply'>): Promise<void> {
  const made: DirectoryChange[] = []
  try {
    for (const change of changes) {
      await directory.apply(change)
      made.push(change)
    }
  } catch (error) {
    for (const change of made.reverse()) {
      const back = inverseOf(change)
      if (back !== undefined) await directory.apply(back)
    }
    throw error
  }
}

/** Undefined where the values from before are not known. */
function inverseOf(change: DirectoryChange): DirectoryChange | undefined {
  if (change.kind !== 'modify' || change.modifications.some(({ operation }) => operation === 'replace'))
    return undefined
  const swapped = change.modifications.map((one) => ({
    ...one,
    operation: one.operation === 'add' ? ('delete' as const) : ('add' as const),
  }))
  return { ...change, modifications: swapped.reverse() }
}
