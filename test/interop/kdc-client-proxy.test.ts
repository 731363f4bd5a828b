import { changePassword, createKdcClient, KdcUnreachableError } from '@s4u/kdc-client'
import { formatPrincipal } from '@s4u/krb5'
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { realmOf, runOk } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

/** The KDC proxy that FreeIPA uses. */
const PROGRAM = `
import ssl, sys, wsgiref.simple_server, kdcproxy
class Server(wsgiref.simple_server.WSGIServer):
    def server_bind(self):
        self.socket.setsockopt(1, 2, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.server_address
        self.setup_environ()
class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *arguments): pass
server = wsgiref.simple_server.make_server(sys.argv[1], int(sys.argv[2]), kdcproxy.Application(), Server, Quiet)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[3], sys.argv[4])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
`

await describeRealms('KDCs behind an HTTPS proxy', ['EAST', 'kdcproxy'], (info) => {
  const realm = realmOf(info, 'EAST')
  const { web, api } = realm.services
  const [host, port] = [`${info.block}.61`, 8443]
  const at = (name: string): string => join(info.directory, name)
  const url = `https://${host}:${port}/KdcProxy`
  let proxy: ChildProcess | undefined

  beforeAll(async () => {
    const names = ['-subj', '/CN=kdcproxy.east.test', '-addext', `subjectAltName=IP:${host}`]
    const files = ['-keyout', at('proxy.key'), '-out', at('proxy.crt')]
    await runOk('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', ...names, ...files])
    const { kdc } = realm
    const address = `kerberos+tcp://${kdc.host}:${kdc.port}`
    writeFileSync(
      at('kdcproxy.conf'),
      `[global]\nuse_dns = false\n\n[${realm.name}]\nkerberos = ${address}\nkpasswd = kpasswd+tcp://${kdc.host}:${realm.kpasswd?.port}\n`,
    )
    proxy = spawn('/usr/bin/python3', ['-c', PROGRAM, host, String(port), at('proxy.crt'), at('proxy.key')], {
      env: { ...process.env, KDCPROXY_CONFIG: at('kdcproxy.conf') },
      stdio: 'ignore',
    })
    await vi.waitFor(() => accepts(host, port), { timeout: 20_000, interval: 100 })
  })
  afterAll(() => void proxy?.kill())

  test('are asked through it', async () => {
    const proxyTrust = readFileSync(at('proxy.crt'), 'utf8')
    const client = createKdcClient({ kdc: url, proxyTrust, credentials: { keytab: web.keytab } })
    const self = await client.s4u2self(realm.users.bob.principal)
    expect(formatPrincipal(self.client)).toBe(realm.users.bob.principal)
    expect(formatPrincipal((await client.ticketFor(api.spn)).client)).toBe(web.principal)
  })

  test('lead to the password server too', async () => {
    const proxyTrust = readFileSync(at('proxy.crt'), 'utf8')
    const { principal } = realm.administrator ?? expect.fail('there is none')
    const change = { principal, kdc: url, proxyTrust, newPassword: 'pw-admin' }
    await changePassword({ ...change, oldPassword: 'pw-admin', newPassword: 'by-proxy' })
    await changePassword({ ...change, oldPassword: 'by-proxy' })
  })

  test('are found in krb5.conf, with the authority that vouches for it', async () => {
    const lines = ['[libdefaults]', `  default_realm = ${realm.name}`, '[realms]', `  ${realm.name} = {`]
    const entries = [`    kdc = ${url}`, `    http_anchors = FILE:${at('proxy.crt')}`, '  }', '']
    writeFileSync(at('proxy-krb5.conf'), [...lines, ...entries].join('\n'))
    vi.stubEnv('KRB5_CONFIG', at('proxy-krb5.conf'))
    try {
      const client = createKdcClient({ credentials: { keytab: web.keytab } })
      expect(formatPrincipal((await client.ticketFor(api.spn)).client)).toBe(web.principal)
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test('are not asked through one that nobody vouches for', async () => {
    const client = createKdcClient({ kdc: url, timeLimit: 500, credentials: { keytab: web.keytab } })
    const error = await client.ticketFor(api.spn).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(KdcUnreachableError)
    expect(String(error)).toMatch(/SELF_SIGNED|CERT/)
  })

  test('a path that is no proxy is told as what it answers', async () => {
    const proxyTrust = readFileSync(at('proxy.crt'), 'utf8')
    const kdc = { [realm.name]: url, 'NOWHERE.TEST': url }
    const credentials = { principal: 'alice@NOWHERE.TEST', password: 'x' }
    const client = createKdcClient({ kdc, proxyTrust, timeLimit: 500, credentials })
    await expect(client.ticketFor('HTTP/x.nowhere.test')).rejects.toThrow(/HTTP status [45]\d\d/)
  })
})

function accepts(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => {
      socket.destroy()
      resolve()
    })
    socket.on('error', reject)
  })
}
