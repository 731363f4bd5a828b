/**
 * Asks Kafka as the user who called, with npm's `kafkajs`. The broker's own rules (ACLs for
 * `User:alice`) decide what the user sees. TLS encrypts: brokers offer no layer of Kerberos.
 */
import { ConnectionsPerIdentity, kafkaAuthenticator } from '@s4u/sasl'
import { Kafka } from 'kafkajs'

/** @param service the service principal name of the first broker: `kafka/kafka1.corp.test` */
export function openTopics({ brokers, service, spnOf, ssl = true }) {
  return new ConnectionsPerIdentity({
    service,
    alsoServices: (spn) => spn.startsWith('kafka/'),
    open: async (as) => {
      const sasl = { mechanism: 'GSSAPI', authenticationProvider: kafkaAuthenticator({ as, service: spnOf }) }
      const admin = new Kafka({ clientId: 'orders', brokers, ssl, sasl, retry: { retries: 2 } }).admin()
      await admin.connect()
      return admin
    },
    close: (admin) => admin.disconnect(),
  })
}

/**
 * In a handler: `using alice = req.identity.impersonate()`, then `topicsOf(topics, alice)`.
 * @param {import('@s4u/negotiate').Impersonation} caller
 */
export function topicsOf(topics, caller) {
  return topics.use(caller, (admin) => admin.listTopics())
}
