/**
 * JSON: signs in with the driver of MongoDB, as a program does that has both installed, and prints
 * what the server knows of the caller, or why it was not to be. With `delegate`, a service signs in
 * as the user for whom it vouches.
 */
import { createRequire } from 'node:module'
import { delegatedPassword, version } from 'kerberos'
import { MongoClient } from 'mongodb'

const { host, user, password = '', properties, count = 1, delegate } = JSON.parse(process.argv[2])
const secret = delegate === undefined ? password : await passwordOf(delegate)
const clients = Array.from(
  { length: count },
  () =>
    new MongoClient(`mongodb://${host}/`, {
      authMechanism: 'GSSAPI',
      authMechanismProperties: properties,
      auth: { username: user, password: secret },
      directConnection: true,
      serverSelectionTimeoutMS: 10_000,
    }),
)

try {
  const answers = await Promise.all(clients.map((client) => client.db('test').command({ whoami: 1 })))
  print({ callers: answers.map(({ caller }) => caller) })
} catch ({ message, code }) {
  print({ message, code })
}
await Promise.all(clients.map((client) => client.close()))

function print(answer) {
  const driver = createRequire(import.meta.url).resolve('mongodb')
  console.log(JSON.stringify({ ...answer, version, loaded: createRequire(driver).resolve('kerberos') }))
}

async function passwordOf({ keytab, kdc, as }) {
  const { createNegotiator } = await import('@s4u/negotiate')
  const negotiator = createNegotiator({ keytab, kdc, delegation: { protocolTransition: true } })
  return delegatedPassword((await negotiator.identityFor(as)).impersonate())
}
