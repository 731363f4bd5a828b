/**
 * Loads every package, and does what most apps do: prints `NAME: RESULT` for each. It writes no
 * file and starts no process.
 *
 *     smoke.mjs SETTINGS.json
 */
import { createAcceptor } from '@s4u/acceptor'
import { createInitiator } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import { createTestRealm } from '@s4u/test-kdc'
import { readFileSync } from 'node:fs'
import process from 'node:process'

const { packages, kdc, keytab } = JSON.parse(readFileSync(process.argv.at(-1), 'utf8'))
const PASSWORD = 'wonderland'
const WEB = 'HTTP/web.ad.test'

const signIn = async (options, credentials = { principal: 'alice@AD.TEST', password: PASSWORD }) => {
  const client = createKdcClient({ realm: 'AD.TEST', kdc, credentials, ...options })
  const ticket = await client.ticketFor(WEB)
  return ticket.client.name.nameString.join('/')
}

const checks = {
  async packages() {
    const empty = []
    for (const name of packages) if (Object.keys(await import(`@s4u/${name}`)).length === 0) empty.push(name)
    return empty
  },
  'a password': () => signIn(),
  'a keytab and a krb5.conf': async () => {
    const client = createKdcClient({ credentials: { principal: 'web@AD.TEST', keytab } })
    const evidence = await client.s4u2self('bob@AD.TEST')
    return (await client.s4u2proxy(evidence, 'HTTP/api.ad.test')).client.name.nameString.join('/')
  },
  'TCP, where the answer is too long for UDP': async () => {
    const realm = await createTestRealm({
      realm: 'AD.TEST',
      users: { alice: { password: PASSWORD } },
      services: { web: { spns: [WEB] } },
      udpReplyLimit: 100,
    })
    const { port } = await realm.listen({ host: '127.0.0.1' })
    const name = await signIn({ kdc: `127.0.0.1:${port}` })
    await realm[Symbol.asyncDispose]()
    return name
  },
  'every encryption type': async () => {
    const types = [17, 18, 19, 20, 25, 26]
    const users = Object.fromEntries(types.map((type) => [`u${type}`, { password: PASSWORD, encryptionTypes: [type] }]))
    const realm = await createTestRealm({ realm: 'AD.TEST', users, services: { web: { spns: [WEB] } } })
    const names = []
    for (const type of types) {
      const credentials = { principal: `u${type}@AD.TEST`, password: PASSWORD }
      names.push(await signIn({ kdc: realm.transport, encryptionTypes: [type, 18] }, credentials))
    }
    return names
  },
  'a token': async () => {
    const client = createKdcClient({
      realm: 'AD.TEST',
      kdc,
      credentials: { principal: 'alice@AD.TEST', password: PASSWORD },
    })
    const { token } = createInitiator({ ticket: await client.ticketFor(WEB), now: () => Date.now() })
    const acceptor = createAcceptor({ keytab })
    const [first, again] = [await acceptor.accept(token), await acceptor.accept(token)]
    acceptor[Symbol.dispose]()
    return [first.identity.principal, again.error.code]
  },
}

for (const [name, check] of Object.entries(checks)) {
  const result = await check().catch((error) => ({ failed: `${error?.stack}\n${error?.cause?.stack ?? ''}` }))
  console.log(`${name}: ${JSON.stringify(result)}`)
}
console.log('done: true')
