import { ContextFlag, createInitiator, formatAuthorization } from '@s4u/gssapi'
import { createKdcClient, evidenceFromS4u2self } from '@s4u/kdc-client'
import { formatPrincipal, Key, Keytab } from '@s4u/krb5'
import { createNegotiator } from '@s4u/negotiate'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { realmOf } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { Place } from '../diagnosis/place.js'
import { bindSpnego, openLdap } from '../peers/ldap-client.js'

const AES256 = 18
const { REPLAY, SEQUENCE, CONF, INTEG } = ContextFlag

/** A group-managed service account: nobody knows its password, and some may read it. */
await describeRealms('a managed account', ['NEWCORP'], (info) => {
  const realm = realmOf(info, 'NEWCORP')
  const { managed } = realm.services
  const kdc = `${realm.kdc.host}:${realm.kdc.port}`
  const at = new Place(info, 'NEWCORP')

  // behaviour: Managed accounts (gMSA): exported keytab = works
  test('has an exported keytab by which a service lets users in', async () => {
    using service = createNegotiator({ keytab: managed.keytab, kdc })
    const ticket = await at.user('bob').ticketFor(managed.spn)
    const authorization = formatAuthorization(createInitiator({ ticket, now: Date.now }).token)
    const outcome = await service.authenticate({ headers: { authorization } })
    expect(outcome).toMatchObject({ status: 'authenticated', identity: { principal: 'bob@NEWCORP.TEST' } })
  })

  test('asks for tickets to itself in the name of users, not forwardable ones without the right to', async () => {
    const self = await at.client('managed').s4u2self('bob')
    expect(formatPrincipal(self.client)).toBe('bob@NEWCORP.TEST')
    expect(evidenceFromS4u2self(self).forwardable).toBe(false)
  })

  // behaviour: Managed accounts (gMSA): msDS-ManagedPassword makes the keys = works
  test('has a password that its reader gets over a sealed connection, and that makes the keys of the keytab', async () => {
    const password = currentPassword(await managedPasswordFor('web'))
    const salt = `NEWCORP.TESThost${managed.host}`
    const key = await Key.fromPassword(AES256, password, salt)
    const inKeytab = Keytab.decode(readFileSync(managed.keytab)).entries.filter((entry) => entry.key.etype === AES256)
    expect(inKeytab.some((entry) => entry.key.equals(key))).toBe(true)
    const keytab = new Keytab([{ ...inKeytab[0], kvno: 0, key }])
    const client = createKdcClient({ kdc, credentials: { principal: managed.principal, keytab } })
    expect(formatPrincipal((await client.ticketFor(realm.services.api.spn)).client)).toBe(managed.principal)
  })

  test('does not show it to others', async () => {
    expect(await managedPasswordFor('kcd')).toBeUndefined()
  })

  async function managedPasswordFor(reader: string): Promise<Uint8Array | undefined> {
    const { ldap = realm.kdc } = realm
    const ticket = await at.client(reader).ticketFor('ldap/dc3.newcorp.test')
    const flags = REPLAY | SEQUENCE | CONF | INTEG
    using client = await openLdap(ldap.host, ldap.port)
    client.protect(
      await bindSpnego(client, createInitiator({ ticket, flags, framing: 'spnego', now: Date.now })),
      'seal',
    )
    const filter = ['sAMAccountName', 'managed$'] as const
    const [entry] = await client.search('DC=newcorp,DC=test', ['msDS-ManagedPassword'], filter)
    return entry.get('msDS-ManagedPassword')?.[0]
  }
})

/**
 * MSDS-MANAGEDPASSWORD_BLOB: 256 octets of UTF-16, of which not all are text. Source: MS-ADTS
 * section 2.2.19.
 */
function currentPassword(blob: Uint8Array | undefined): string {
  if (blob === undefined) throw new Error('the directory does not show the password')
  const offset = new DataView(blob.buffer, blob.byteOffset).getUint16(8, true)
  return new TextDecoder('utf-16le').decode(blob.subarray(offset, offset + 256))
}
