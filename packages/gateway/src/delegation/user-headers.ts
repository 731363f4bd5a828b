import type { CallerIdentity } from '@s4u/negotiate'

/**
 * Returns the headers that say who the user is. Both are always there, empty where no user is
 * known: a header that a client brings along must never be the one that is read.
 */
export function userHeaders(caller: CallerIdentity | undefined): {
  readonly 'x-s4u-user': string
  readonly 'x-s4u-groups': string
} {
  return {
    'x-s4u-user': caller === undefined ? '' : headerText(caller.principal),
    'x-s4u-groups': (caller?.groups ?? []).map(headerText).join(','),
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
