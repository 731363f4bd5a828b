import type { Impersonation } from '@s4u/negotiate'
import { type ImapTransportOptions, imapTransport, smtpAuthentication } from '@s4u/sasl'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openMailboxes, send, subjectsOf } from '../../../examples/drivers/mail.mjs'
import { describeRealms } from '../../realms/suite.js'
import { CERTIFICATES } from '../../stories/certificates.js'
import { type Dovecot, startDovecot } from '../peers/dovecot.js'
import { type CallerRealm, FORBIDDEN, openCallerRealm } from './caller-realm.js'
import { type SmtpRelay, startSmtpRelay } from './smtp-relay.js'

/**
 * The clients `imapflow` and `nodemailer`, as they are, with Dovecot; the web server acts as its
 * users.
 */
const IMAP = 'imap/mail.ad.test'
const SMTP = 'smtp/mail.ad.test'
/** A name that the KDC knows, and of which Dovecot has no key. */
const ELSEWHERE = 'imap/other.ad.test'

const TLS = { ca: CERTIFICATES[0].cert, servername: 'localhost' }
const MESSAGE = { from: 'alice@corp.test', to: 'bob@corp.test', subject: 'tea', text: 'at four' }

await describeRealms('mail as the caller', ['dovecot'], (info) => {
  const host = `${info.block}.64`
  let site: CallerRealm
  let relay: SmtpRelay
  let dovecot: Dovecot
  beforeAll(async () => {
    site = await openCallerRealm([IMAP, SMTP, ELSEWHERE])
    relay = await startSmtpRelay(host)
    const environment = site.environmentOf(IMAP, SMTP)
    dovecot = await startDovecot({ address: host, environment, relayPort: relay.port })
  })
  afterAll(async () => {
    await dovecot?.[Symbol.asyncDispose]()
    await relay?.[Symbol.asyncDispose]()
    await site?.[Symbol.asyncDispose]()
  })

  /** Puts a message into the inbox of a user. */
  async function append(as: Impersonation, subject: string): Promise<void> {
    const client = clientOf(as)
    await client.connect()
    await client.append('INBOX', `Subject: ${subject}\r\n\r\nhello\r\n`)
    await client.logout()
  }

  function clientOf(as: Impersonation, options: Partial<ImapTransportOptions> = {}, port = dovecot.imaps): ImapFlow {
    const transport = imapTransport({ as, service: IMAP, ...options })
    const client = new ImapFlow({ host, port, secure: true, tls: TLS, logger: false, transport })
    // What the client also emits is what the promise rejects with.
    client.on('error', () => {})
    return client
  }

  test('imapflow: each user sees its own mailbox, over connections that are kept apart', async () => {
    const [alice, bob] = [await site.as('alice'), await site.as('bob')]
    await append(alice, 'cake')
    await append(alice, 'tea')
    await append(bob, 'nails')
    await using mailboxes = openMailboxes({ host, port: dovecot.imaps, tls: TLS, service: IMAP })
    const seen = await Promise.all([alice, bob, alice].map((caller) => subjectsOf(mailboxes, caller)))
    expect(seen).toEqual([['cake', 'tea'], ['nails'], ['cake', 'tea']])
    expect(mailboxes.size).toBe(2)
    expect(dovecot.log()).toMatch(/imap-login: Info: Login: user=<alice@ad\.test>, method=GSSAPI, .*TLS/)
    alice[Symbol.dispose]()
    await expect(subjectsOf(mailboxes, alice)).rejects.toMatchObject({ code: 'GSS_S_NO_CONTEXT' })
  })

  test('nodemailer: a message is sent as the caller', async () => {
    const where = { host, port: dovecot.submission, tls: TLS, service: SMTP }
    const { accepted } = await send(await site.as('alice'), where, MESSAGE)
    expect(accepted).toEqual(['bob@corp.test'])
    expect(relay.messages.at(-1)).toMatch(/^MAIL FROM:<alice@corp\.test>/m)
    expect(relay.messages.at(-1)).toMatch(/^Subject: tea$/m)
    expect(dovecot.log()).toMatch(/submission-login: Info: Login: user=<alice@ad\.test>, method=GSSAPI, .*TLS/)
  })

  test.each([
    ['that the web server may not call for its users', FORBIDDEN, 'KDC_ERR_BADOPTION'],
    ['of which the server has no key', ELSEWHERE, 'GSS_S_FAILURE'],
  ])('a service %s is refused', async (_what, service, code) => {
    const alice = await site.as('alice')
    await expect(clientOf(alice, { service }).connect()).rejects.toMatchObject({ code, hint: expect.any(String) })
    const sent = relay.messages.length
    const where = { host, port: dovecot.submission, tls: TLS, service }
    await expect(send(alice, where, MESSAGE)).rejects.toMatchObject({ code: 'EAUTH', cause: { code } })
    expect(relay.messages).toHaveLength(sent)
  })

  test('a server without GSSAPI is told as that', async () => {
    const environment = site.environmentOf(IMAP, SMTP)
    await dovecot[Symbol.asyncDispose]()
    dovecot = await startDovecot({ address: host, environment, relayPort: relay.port, mechanisms: 'plain' })
    const alice = await site.as('alice')
    await expect(clientOf(alice).connect()).rejects.toMatchObject({
      code: 'GSS_S_FAILURE',
      message: expect.stringContaining('imap/mail.ad.test refuses: '),
      hint: expect.stringContaining('GSSAPI is not among its mechanisms'),
    })
    const where = { host, port: dovecot.submission, tls: TLS, service: SMTP }
    await expect(send(alice, where, MESSAGE)).rejects.toMatchObject({ code: 'EAUTH', cause: { code: 'GSS_S_FAILURE' } })
  })

  test('a certificate that is not to be believed ends it before the sign-in', async () => {
    const alice = await site.as('alice')
    const transport = imapTransport({ as: alice, service: IMAP })
    const client = new ImapFlow({ host, port: dovecot.imaps, secure: true, logger: false, transport })
    client.on('error', () => {})
    await expect(client.connect()).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    const signIn = smtpAuthentication({ as: alice, service: SMTP })
    const sending = createTransport({ host, port: dovecot.submission, ...signIn }).sendMail(MESSAGE)
    await expect(sending).rejects.toMatchObject({ code: 'ESOCKET' })
  })
})
