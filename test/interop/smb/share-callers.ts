/** Callers of a web site, without their way to it. */

import { createInitiator } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import type { ServedCaller } from '@s4u/smb'
import type { RealmInfo } from '../../realms/realm-info.js'

/** Who acts with tickets of its own password, in place of a service that acts for it. */
export function callerOf({ users, kdc }: RealmInfo, name: string): ServedCaller {
  const { principal, password } = users[name]
  const client = createKdcClient({ kdc: `${kdc.host}:${kdc.port}`, credentials: { principal, password } })
  return {
    impersonate: () => ({
      principal,
      ticketFor: (spn) => client.ticketFor(spn),
      contextFor: async (spn, { signal } = {}) =>
        createInitiator({ ticket: await client.ticketFor(spn, { signal }), now: Date.now }),
    }),
  }
}
