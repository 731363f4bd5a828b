import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { downloadFromDirectory, parseLdapAddress } from './ldap-list.js'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A server that says what it is told to, whatever it is asked. */
async function server(say: (socket: Socket) => void): Promise<string> {
  const listener = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => say(socket))
    closing.push(() => socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  closing.push(() => listener.close())
  const { port } = listener.address() as AddressInfo
  return `ldap://127.0.0.1:${port}/cn=ca?certificateRevocationList?base?objectClass=*`
}

const limits = { directory: undefined, timeLimit: 2_000, most: 1_000 }

test('an address of AD CS is read: no server, an entry with escapes, one attribute', () => {
  const dn = 'CN=CORP-CA,CN=DC1,CN=CDP,CN=Public%20Key%20Services,CN=Services,CN=Configuration,DC=corp,DC=test'
  const url = `ldap:///${dn}?certificateRevocationList?base?objectClass=cRLDistributionPoint`
  expect(parseLdapAddress(url)).toEqual({
    ...{ tls: false, host: undefined, port: undefined, attribute: 'certificateRevocationList' },
    dn: dn.replaceAll('%20', ' '),
  })
})

test.each([
  ['LDAPS://pki.corp.test/cn=a?x;binary', { tls: true, host: 'pki.corp.test', port: undefined, attribute: 'x;binary' }],
  ['ldap://[fd00::1]:3890/cn=a?x?BASE', { tls: false, host: 'fd00::1', port: 3890, attribute: 'x' }],
])('%s is read', (url, address) => {
  expect(parseLdapAddress(url)).toEqual({ dn: 'cn=a', ...address })
})

test.each([
  ['no attribute', 'ldap://a/cn=a'],
  ['an empty attribute', 'ldap://a/cn=a?'],
  ['two attributes', 'ldap://a/cn=a?x,y'],
  ['no entry', 'ldap://a/?x'],
  ['entries below', 'ldap://a/cn=a?x?sub'],
  ['a critical extension', 'ldap://a/cn=a?x?base??!bindname=cn=b'],
  ['a broken escape', 'ldap://a/cn=%zz?x'],
  ['octets that are no UTF-8', 'ldap://a/cn=%ff?x'],
  ['a line break', 'ldap://a/cn=a%0Ab?x'],
  ['a user in front of the server', 'ldap://me@a/cn=a?x'],
  ['a port that is none', 'ldap://a:70000/cn=a?x'],
  ['another scheme', 'ldapi://%2ftmp/cn=a?x'],
  ['a length that no authority writes', `ldap://a/cn=${'a'.repeat(2_048)}?x`],
])('an address with %s is not asked', async (_what, url) => {
  expect(parseLdapAddress(url)).toBeUndefined()
  await expect(downloadFromDirectory(url, limits)).rejects.toThrow('its address names no one attribute of an entry')
})

describe('a server', () => {
  test('that says nothing is not waited for beyond the limit', async () => {
    const url = await server(() => {})
    await expect(downloadFromDirectory(url, { ...limits, timeLimit: 100 })).rejects.toThrow('no answer within 100 ms')
  })

  test('that sends other octets is refused', async () => {
    const url = await server((socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await expect(downloadFromDirectory(url, limits)).rejects.toThrow('LDAPMessage: expected a SEQUENCE')
  })

  test('that announces more than may be kept is refused at once', async () => {
    const url = await server((socket) => void socket.write(Buffer.from('308404000000', 'hex')))
    await expect(downloadFromDirectory(url, limits)).rejects.toThrow('expected at most 16777216 octets')
  })

  test('that leads to another is not followed', async () => {
    // A result of a search with the code 10, referral, and one address.
    const uri = Buffer.from('ldap://evil.test/')
    const inside = Buffer.concat([
      Buffer.from('0a010a', 'hex'),
      Buffer.from('0400', 'hex'),
      Buffer.from('0400', 'hex'),
      Buffer.from([0xa3, uri.length + 2, 0x04, uri.length]),
      uri,
    ])
    const done = Buffer.concat([Buffer.from([0x65, inside.length]), inside])
    const message = Buffer.concat([Buffer.from([0x30, done.length + 3, 0x02, 0x01, 0x01]), done])
    const url = await server((socket) => void socket.write(message))
    await expect(downloadFromDirectory(url, limits)).rejects.toMatchObject({ code: 'referral' })
  })

  test('that is not there is told as that', async () => {
    await expect(downloadFromDirectory('ldap://127.0.0.1:1/cn=a?x', limits)).rejects.toThrow('ECONNREFUSED')
  })
})

test('without a server in the address, and without a directory, what is missing is told', async () => {
  await expect(downloadFromDirectory('ldap:///cn=a?x', limits)).rejects.toThrow(
    'neither certificate() nor the negotiator was given one',
  )
})
