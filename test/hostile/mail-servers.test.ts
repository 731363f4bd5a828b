import { once } from 'node:events'
import { type AddressInfo, createServer as createPlainServer, type Server, type Socket } from 'node:net'
import { createServer } from 'node:tls'
import { type Acceptor, createAcceptor } from '@s4u/acceptor'
import { createInitiator } from '@s4u/gssapi'
import { createKdcClient, type ServiceTicket } from '@s4u/kdc-client'
import { type ContextSource, createSaslServer, imapTransport, type SaslProtection, smtpAuthentication } from '@s4u/sasl'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { CERTIFICATES } from '../stories/certificates.js'

/** Somebody in the place of a mail server, with a certificate that is believed. */
const SPN = 'imap/mail.ad.test'
const TLS = { ca: CERTIFICATES[0].cert, servername: 'localhost' }

let realm: TestRealm
let acceptor: Acceptor
let ticket: ServiceTicket
const servers: Server[] = []
const sockets: Socket[] = []

beforeAll(async () => {
  const services = { mail: { spns: [SPN] } }
  realm = await createTestRealm({ realm: 'AD.TEST', users: { alice: { password: 'wonderland' } }, services })
  acceptor = createAcceptor({ keytab: realm.keytabFor(SPN), service: SPN })
  const credentials = { principal: 'alice@AD.TEST', password: 'wonderland' }
  ticket = await createKdcClient({ kdc: realm.transport, credentials }).ticketFor(SPN)
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) server.close()
})
afterAll(async () => {
  acceptor.close()
  await realm[Symbol.asyncDispose]()
})

const alice: ContextSource = {
  principal: 'alice@AD.TEST',
  contextFor: async (_spn, { framing, flags, channelBindings } = {}) =>
    createInitiator({ ticket, now: Date.now, framing, flags, channelBindings }),
}

/** Says what a server answers to a line of the client, and keeps all lines. */
type Answers = (line: string, count: number) => string | Promise<string>

async function serve(greeting: string, answers: Answers, isPlain = false): Promise<{ port: number; lines: string[] }> {
  const lines: string[] = []
  const take = (socket: Socket): void => {
    sockets.push(socket)
    socket.on('error', () => {})
    if (greeting !== '') socket.write(`${greeting}\r\n`)
    let rest = ''
    socket.on('data', async (chunk) => {
      const parts = `${rest}${chunk.toString()}`.split('\r\n')
      rest = parts.pop() ?? ''
      for (const line of parts) {
        const answer = await answers(line, lines.push(line))
        if (!socket.destroyed && answer !== '') socket.write(answer === 'END' ? socket.end() && '' : `${answer}\r\n`)
      }
    })
  }
  const { cert, key } = CERTIFICATES[0]
  const server = isPlain ? createPlainServer(take) : createServer({ cert, key }, take)
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port }: AddressInfo = Object(server.address())
  return { port, lines }
}

/** The error of the client, and what the server got. */
async function imapRefusal(greeting: string, answers: Answers, timeLimit = 5_000) {
  const { port, lines } = await serve(greeting, answers)
  const transport = imapTransport({ as: alice, service: SPN, timeLimit })
  const auth = { user: 'alice', pass: 'hunter2' }
  const client = new ImapFlow({ host: '127.0.0.1', port, secure: true, tls: TLS, logger: false, transport, auth })
  client.on('error', () => {})
  const error: unknown = await client.connect().then(
    () => ({ code: 'nothing was refused' }),
    (reason: unknown) => reason,
  )
  client.close()
  return { error, lines }
}

/** A server with the key, which offers other protection than it should. */
function genuine(protection: readonly SaslProtection[]): Answers {
  const server = createSaslServer({ mechanism: 'GSSAPI', acceptor, protection })
  return async (line, count) => {
    if (count === 1) return '+ '
    const step = await server.step(Buffer.from(line, 'base64'))
    if (step.status === 'continue') return `+ ${Buffer.from(step.challenge ?? []).toString('base64')}`
    return step.status === 'complete' ? 's4u1 OK in' : 's4u1 NO'
  }
}

describe('a server of IMAP', () => {
  test.each([
    ['lets in by its greeting', '* PREAUTH welcome', () => '', 'KRB_AP_ERR_MUT_FAIL'],
    ['lets in at once', '* OK', () => 's4u1 OK in', 'KRB_AP_ERR_MUT_FAIL'],
    ['lets in without a proof', '* OK', (_: string, n: number) => (n === 1 ? '+ ' : 's4u1 OK'), 'KRB_AP_ERR_MUT_FAIL'],
    ['speaks first', '* OK', () => '+ YIGZBgkqhkiG9w==', 'GSS_S_DEFECTIVE_TOKEN'],
    [
      'cuts a challenge off',
      '* OK',
      (_: string, n: number) => (n === 1 ? '+ ' : '+ YIGZBgkqhki'),
      'GSS_S_DEFECTIVE_TOKEN',
    ],
    [
      'sends what is no base64',
      '* OK',
      (_: string, n: number) => (n === 1 ? '+ ' : '+ what?'),
      'GSS_S_DEFECTIVE_TOKEN',
    ],
    ['sends too much', '* OK', () => `+ ${'A'.repeat(8_192)}`, 'GSS_S_DEFECTIVE_TOKEN'],
    ['sends a long challenge', '* OK', () => `+ ${'A'.repeat(8_000)}`, 'GSS_S_DEFECTIVE_TOKEN'],
    ['hides an answer in a literal', '* OK', () => '* OK {9}\r\ns4u1 OK in', 'GSS_S_DEFECTIVE_TOKEN'],
    ['says other things for ever', '* OK', () => '* OK wait\r\n'.repeat(99), 'GSS_S_DEFECTIVE_TOKEN'],
    ['answers something else', '* OK', () => 'HTTP/1.1 200 OK', 'GSS_S_DEFECTIVE_TOKEN'],
    ['does not know the mechanism', '* OK', () => 's4u1 NO no such mechanism', 'GSS_S_FAILURE'],
    ['says goodbye', '* OK', () => '* BYE busy', 'GSS_S_FAILURE'],
    ['greets with goodbye', '* BYE busy', () => '', 'GSS_S_FAILURE'],
    ['ends the connection', '* OK', () => 'END', 'GSS_S_FAILURE'],
    ['offers no mode without a layer', '* OK', genuineOf(['integrity', 'confidentiality']), 'GSS_S_BAD_QOP'],
  ])('that %s is refused, and is sent no password', async (_what, greeting, answers, code) => {
    const { error, lines } = await imapRefusal(greeting, answers)
    expect(error).toMatchObject({ code })
    expect(lines.join('\n')).not.toMatch(/hunter2|LOGIN|PLAIN/)
  })

  test('that says nothing is given up', async () => {
    const { error } = await imapRefusal('', () => '', 300)
    expect(error).toMatchObject({ code: 'S4U_TIMEOUT', name: 'ServerUnreachableError' })
  })

  test('in clear text gets nothing, not even a connection', async () => {
    const { port, lines } = await serve('* OK', () => '', true)
    const transport = imapTransport({ as: alice, service: SPN })
    const client = new ImapFlow({ host: '127.0.0.1', port, secure: false, logger: false, transport })
    client.on('error', () => {})
    await expect(client.connect()).rejects.toMatchObject({ hint: expect.stringContaining('secure: true') })
    expect([lines, sockets]).toEqual([[], []])
  })
})

/** Made when it is used: the acceptor is not there before. */
function genuineOf(protection: readonly SaslProtection[]): Answers {
  let made: Answers | undefined
  return (line, count) => (made ??= genuine(protection))(line, count)
}

describe('a server of SMTP', () => {
  async function smtpRefusal(answers: Answers, options: object, isPlain = false) {
    const { port, lines } = await serve('220 mail.ad.test', answers, isPlain)
    const signIn = smtpAuthentication({ as: alice, service: SPN })
    const transport = createTransport({ host: '127.0.0.1', port, tls: TLS, ...options, ...signIn })
    const message = { from: 'alice@ad.test', to: 'bob@ad.test', subject: 'tea', text: 'at four' }
    const error: unknown = await transport.sendMail(message).then(
      () => ({ code: 'nothing was refused' }),
      (reason: unknown) => reason,
    )
    return { error, lines }
  }
  const extensions = '250-mail.ad.test\r\n250 AUTH GSSAPI'
  const after =
    (first: string, second = first): Answers =>
    (line) =>
      line.startsWith('EHLO')
        ? extensions
        : line.startsWith('STARTTLS')
          ? '502 no'
          : line.startsWith('AUTH')
            ? first
            : second

  test.each([
    ['lets in at once', after('235 in'), 'KRB_AP_ERR_MUT_FAIL'],
    ['lets in without a proof', after('334 ', '235 in'), 'KRB_AP_ERR_MUT_FAIL'],
    ['cuts a challenge off', after('334 ', '334 YIGZBgkqhki'), 'GSS_S_DEFECTIVE_TOKEN'],
    ['sends what is no base64', after('334 ', '334 what?'), 'GSS_S_DEFECTIVE_TOKEN'],
    ['does not know the mechanism', after('504 5.5.4 no'), 'GSS_S_FAILURE'],
  ])('that %s gets no message', async (_what, answers, code) => {
    const { error, lines } = await smtpRefusal(answers, { secure: true })
    expect(error).toMatchObject({ code: 'EAUTH', cause: { code } })
    expect(lines.filter((line) => /^(?:MAIL|RCPT|DATA)/.test(line))).toEqual([])
  })

  test('that offers no sign-in gets no message', async () => {
    const answers: Answers = (line) => (/^(?:EHLO|MAIL|RCPT|DATA)/.test(line) ? '250 mail.ad.test' : '502 no')
    const { error, lines } = await smtpRefusal(answers, { secure: true })
    expect(error).toMatchObject({ code: 'EAUTH', cause: { code: 'GSS_S_FAILURE' } })
    expect(lines.filter((line) => /^(?:MAIL|RCPT|DATA)/.test(line))).toEqual([])
  })

  test('that offers no TLS gets neither token nor message', async () => {
    const { error, lines } = await smtpRefusal(after('235 in'), { secure: false }, true)
    expect(error).toMatchObject({ code: 'ETLS' })
    expect(lines.filter((line) => !/^(?:EHLO|HELO|QUIT|STARTTLS)/.test(line))).toEqual([])
  })
})
