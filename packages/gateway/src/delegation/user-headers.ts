import { type CallerIdentity, S4uError } from '@s4u/negotiate'

export interface UserHeaders {
  readonly 'x-s4u-user': string
  readonly 'x-s4u-groups': string
}

/** Makes the headers that say who the user is. */
export type UserHeadersOf = (caller: CallerIdentity | undefined) => Promise<UserHeaders>

/**
 * Returns the headers that say who the user is: the principal, and the groups by SID, and by name
 * too where there is a directory. Both are always there, empty where no user is known: a header
 * that a client brings along must never be the one that is read.
 * @throws S4uError where the directory cannot be asked: without the names, an inner server could
 * decide as if the user were not in those groups
 */
export function userHeadersWith(hasDirectory: boolean): UserHeadersOf {
  return async (caller) => {
    if (caller === undefined) return { 'x-s4u-user': '', 'x-s4u-groups': '' }
    const names = hasDirectory ? await groupNamesOf(caller) : []
    return {
      'x-s4u-user': headerText(caller.principal),
      'x-s4u-groups': [...caller.groups, ...names].map(headerText).join(','),
    }
  }
}

async function groupNamesOf(caller: CallerIdentity): Promise<readonly string[]> {
  try {
    return (await caller.profile()).groupNames
  } catch (error) {
    // Users of other realms are not in this directory: their groups have no names here.
    if (S4uError.is(error) && error.code === 'noSuchObject') return []
    throw error
  }
}

/**
 * Writes a text as the value of a header: what is not visible ASCII, and `%` and `,`, as the octets
 * of its UTF-8, `%C3%AB`. So no name ends a line, and none of a list becomes two.
 */
export function headerText(text: string): string {
  return text.replaceAll(/[^!-$&-+\--~]+/gu, (some) => {
    return Buffer.from(some).toString('hex').toUpperCase().replaceAll(/../g, '%$&')
  })
}
