import { type Directory, type DirectoryChange, openDirectory, planServiceNames, planUser } from '@s4u/directory'
import { createInitiator } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import { type ContextSource, imapTransport, smtpAuthentication } from '@s4u/sasl'
import { randomBytes } from 'node:crypto'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { realmOf, sambaTool } from '../../realms/clients.js'
import { controllers } from '../../realms/samba/samba-conf.js'
import { describeRealms } from '../../realms/suite.js'
import { CERTIFICATES } from '../../stories/certificates.js'
import { type Dovecot, startDovecot } from '../peers/dovecot.js'
import { type SmtpRelay, startSmtpRelay } from './smtp-relay.js'

/**
 * A user of whom the directory has much to say, and Dovecot, which takes no long lines. The account
 * of the mail server gets the flag that the hint names.
 */
const NO_AUTH_DATA_REQUIRED = 0x2000000
const PASSWORD = 'Pw-mail-long-1!'
const TLS = { ca: CERTIFICATES[0].cert, servername: 'localhost' }

await describeRealms('mail as a user with a long ticket', ['NEWCORP', 'dovecot'], (info) => {
  const realm = realmOf(info, 'NEWCORP')
  const { domain, kdc, ldap = kdc, administrator } = realm
  const host = `${info.block}.66`
  const [imap, smtp] = [`imap/maillong.${domain}`, `smtp/maillong.${domain}`]
  const clientOf = (principal: string, password: string) =>
    createKdcClient({ realm: realm.name, kdc: `${kdc.host}:${kdc.port}`, credentials: { principal, password } })
  const made: string[] = []
  let directory: Directory
  let relay: SmtpRelay
  let dovecot: Dovecot

  beforeAll(async () => {
    if (administrator === undefined) throw new Error('there is no administrator')
    directory = openDirectory({
      client: clientOf(administrator.principal, administrator.password),
      servers: { host: `${controllers.NEWCORP}.${domain}`, address: ldap.host },
    })
    for (const name of ['svc-maillong', 'maillong']) {
      const plan = await planUser(directory, { name, password: PASSWORD })
      await directory.apply(plan)
      made.push(plan.dn)
    }
    const names = await planServiceNames(directory, await account('svc-maillong'), { add: [imap, smtp] })
    await directory.apply(names as DirectoryChange)
    // Claims that nothing compresses, as long as those of a user in some hundred groups.
    const values = Array.from({ length: 200 }, () => randomBytes(24).toString('base64'))
    await modify('maillong', 'carLicense', values)
    const keytab = `${realm.machine.root ?? ''}/tmp/maillong.keytab`
    await sambaTool(realm, 'domain', 'exportkeytab', '/tmp/maillong.keytab', '--principal=svc-maillong')
    relay = await startSmtpRelay(host)
    const environment = { KRB5_CONFIG: info.krb5Config, KRB5_KTNAME: `FILE:${keytab}`, KRB5RCACHENAME: 'none:' }
    dovecot = await startDovecot({ address: host, environment, relayPort: relay.port })
  })
  afterAll(async () => {
    await dovecot?.[Symbol.asyncDispose]()
    await relay?.[Symbol.asyncDispose]()
    for (const dn of made) await directory.apply({ kind: 'delete', dn })
    directory.close()
  })

  async function account(name: string) {
    const found = await directory.account(name)
    if (found === undefined) throw new Error(`there is no ${name}`)
    return found
  }

  async function modify(name: string, attribute: string, values: readonly string[]): Promise<void> {
    const { dn } = await account(name)
    await directory.apply({ kind: 'modify', dn, modifications: [{ operation: 'replace', attribute, values }] })
  }

  /** Signs in at both; a new sign-in to the KDC each time, so that nothing is kept. */
  async function signIn(): Promise<void> {
    const client = clientOf('maillong', PASSWORD)
    const as: ContextSource = {
      principal: `maillong@${realm.name}`,
      contextFor: async (spn, { framing, flags, channelBindings } = {}) =>
        createInitiator({
          ...{ ticket: await client.ticketFor(spn), now: Date.now },
          ...(framing && { framing }),
          ...(flags !== undefined && { flags }),
          ...(channelBindings && { channelBindings }),
        }),
    }
    const transport = imapTransport({ as, service: imap })
    const mail = new ImapFlow({ host, port: dovecot.imaps, secure: true, tls: TLS, logger: false, transport })
    mail.on('error', () => {})
    const sending = { host, port: dovecot.submission, tls: TLS, ...smtpAuthentication({ as, service: smtp }) }
    const both = await Promise.allSettled([mail.connect(), createTransport(sending).verify()])
    if (both[0].status === 'fulfilled') await mail.logout()
    const failures = both.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    if (failures.length > 0) throw new AggregateError(failures)
  }

  test('is told that the token is too long, and signs in when the mail server gets tickets without a PAC', async () => {
    const told = {
      message: expect.stringMatching(/did not take a token of \d+ characters/),
      hint: expect.stringContaining('NO_AUTH_DATA_REQUIRED (0x2000000) in userAccountControl'),
    }
    await expect(signIn()).rejects.toMatchObject({ errors: [told, { code: 'EAUTH', cause: told }] })
    expect(dovecot.log()).toContain('Authentication response too large')
    const flags = 0x200 | 0x10000 | NO_AUTH_DATA_REQUIRED
    await modify('svc-maillong', 'userAccountControl', [String(flags)])
    await signIn()
  })
})
