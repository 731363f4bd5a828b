import type { Directory, DirectoryChange } from '@s4u/directory'

/**
 * Makes the changes of one finding, or none: where a later one is refused, those before are taken
 * back, so that no name is left on no account. A signal does not end them half way.
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
