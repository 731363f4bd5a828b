import { createInitiator, formatAuthorization } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import { openShare } from '@s4u/smb'
import { once } from 'node:events'
import { createServer, request as send, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { filesApp } from '../../../examples/express-files/app.mjs'
import { realmOf, sambaTool } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { type DelegatingService, delegatingService } from './delegating-service.js'
import { type FileServer, startFileServer } from './file-server.js'
import { userOf } from './share-users.js'

await describeRealms('the example express-files, on a real Samba', ['CORP', 'file-server'], (info) => {
  const realm = realmOf(info, 'CORP')
  const kdc = `${realm.kdc.host}:${realm.kdc.port}`
  let files: FileServer
  let service: DelegatingService
  let site: Server

  beforeAll(async () => {
    files = await startFileServer(realm, 'CORP', `${info.block}.48`, { shares: { docs: {} } })
    service = await delegatingService(realm, 'svc-example', [`cifs/${files.host}`])
    await using share = openShare(`\\\\${files.host}\\docs`, { as: userOf(realm, 'alice'), address: files.address })
    await share.mkdir('of alice')
    await share.writeFile("of alice/it's & it isn't.txt", 'hers')
    const { stdout } = await sambaTool(realm, 'user', 'show', 'alice', '--attributes=objectSid')
    const all = 'OICI;0x1f01ff;;;'
    const sid = /S-1-5-21-[\d-]+/.exec(stdout)?.[0] ?? ''
    await files.permit('docs', 'of alice', `O:BAG:BAD:P(A;${all}SY)(A;${all}BA)(A;${all}${sid})`)
    const { keytab, spn, principal } = service
    const app = filesApp(
      `\\\\${files.host}\\docs`,
      { keytab, service: spn, kdc, delegation: { principal, allow: [`cifs/${files.host}`] } },
      { address: files.address },
    )
    site = createServer(app).listen(0, '127.0.0.1')
    await once(site, 'listening')
  }, 60_000)
  afterAll(async () => {
    site?.close().closeAllConnections()
    await service?.[Symbol.asyncDispose]()
    await files?.[Symbol.asyncDispose]()
  })

  async function get(user: string, path: string): Promise<readonly [number, string, string | undefined]> {
    const { principal, password } = realm.users[user]
    const client = createKdcClient({ kdc, credentials: { principal, password } })
    const { token } = createInitiator({ ticket: await client.ticketFor(service.spn), now: Date.now })
    const { port } = site.address() as AddressInfo
    const headers = { Authorization: formatAuthorization(token) }
    const [answer]: IncomingMessage[] = await once(send({ host: '127.0.0.1', port, path, headers }).end(), 'response')
    return [answer.statusCode ?? 0, await text(answer), answer.headers.location]
  }

  test('lists folders and shows files to who may see them', async () => {
    const [status, root] = await get('alice', '/files/')
    expect([status, root]).toEqual([200, expect.stringContaining('<a href="./of%20alice/">of alice/</a>')])
    expect(await get('alice', '/files/of%20alice')).toEqual([301, expect.anything(), './of%20alice/'])
    const [, list] = await get('alice', '/files/of%20alice/')
    expect(list).toContain(`<a href="./it's%20%26%20it%20isn't.txt">it&#39;s &#38; it isn&#39;t.txt</a> 4`)
    const path = `/files/of%20alice/it's%20%26%20it%20isn't.txt`
    expect(await get('alice', path)).toEqual([200, 'hers', undefined])
    expect(await get('bob', path)).toEqual([403, 'Forbidden\n', undefined])
    expect(await get('bob', '/files/of%20alice/')).toEqual([403, 'Forbidden\n', undefined])
    expect(await get('alice', '/files/nowhere/')).toEqual([404, 'Not Found\n', undefined])
  })
})
