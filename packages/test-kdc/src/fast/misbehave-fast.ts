import { Key, KeyUsage, type KrbFastFinished, NameType } from '@s4u/krb5'
import type { FastChannel } from '../kdc/fast-channel.js'
import type { Misbehaviour } from '../kdc/misbehave.js'

/** Returns the KrbFastFinished of a KDC that lies about ticket or client. */
export function misfinished(
  finished: KrbFastFinished,
  { armorKey }: FastChannel,
  misbehave: Misbehaviour,
): KrbFastFinished | undefined {
  if (misbehave.fastNoFinished) return undefined
  const { cname, crealm, ticketChecksum } = finished
  const ofAnother = { ...ticketChecksum, checksum: armorKey.checksum(KeyUsage.FAST_FINISHED, Uint8Array.of(0)) }
  return {
    ...finished,
    cname: misbehave.fastWrongClient ? { nameType: NameType.PRINCIPAL, nameString: ['mallory'] } : cname,
    crealm: misbehave.fastWrongRealm ? 'MALLORY.TEST' : crealm,
    ticketChecksum: misbehave.fastWrongChecksum ? ofAnother : ticketChecksum,
  }
}

/** Returns a key that the client cannot know. */
export function otherKey({ etype }: Key): Key {
  return Key.random(etype)
}
