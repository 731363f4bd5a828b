import { cacheOf, cachesOf } from '../access/caches.js'
import { defineCommand } from '../command-line/command.js'
import { line, styled } from '../terminal/blocks.js'

export const kdestroy = defineCommand({
  name: 'kdestroy',
  summary: 'Remove a credential cache with all its tickets',
  options: {
    cache: { kind: 'text', short: 'c', value: 'CACHE', about: 'remove this cache; default: KRB5CCNAME' },
    all: { kind: 'flag', short: 'A', about: 'remove all caches of the folder or the KCM' },
    krb5Config: { kind: 'text', value: 'FILE', completes: 'file', about: 'read this krb5.conf; default: KRB5_CONFIG' },
  },
  examples: [
    { line: 's4u kdestroy', about: 'remove the default cache' },
    { line: 's4u kdestroy -c FILE:/tmp/krb5cc_web', about: 'remove another one' },
  ],
  async run(given) {
    const where = { cache: given.text('cache'), krb5Config: given.text('krb5Config') }
    const caches = given.flag('all') ? await cachesOf(where) : [cacheOf(where)]
    const removed: string[] = []
    const absent: string[] = []
    for (const cache of caches) ((await cache.destroy()) ? removed : absent).push(cache.name)
    return {
      value: { removed, absent },
      blocks: [
        ...removed.map((name) => line(`${name} is removed`)),
        ...absent.map((name) => line(styled('warning', `${name} is not there`))),
      ],
      // As in kdestroy of MIT, a cache that does not exist is no error.
      outcome: 'ok',
    }
  },
})
