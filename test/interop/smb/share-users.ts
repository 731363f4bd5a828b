/** Users who sign in with their own password, as those of a share. */

import { createInitiator } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import type { ShareUser } from '@s4u/smb'
import type { RealmInfo } from '../../realms/realm-info.js'

export function userOf({ users, kdc }: RealmInfo, name: string): ShareUser {
  const { principal, password } = users[name]
  const client = createKdcClient({ kdc: `${kdc.host}:${kdc.port}`, credentials: { principal, password } })
  return {
    contextFor: async (spn, { signal, fresh } = {}) =>
      createInitiator({ ticket: await client.ticketFor(spn, { signal, fresh }), now: Date.now }),
  }
}
