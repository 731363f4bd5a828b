// @ts-check
/**
 * A job that runs at night: no user, no password, a keytab. It signs in as its own account and
 * calls a service that wants Kerberos.
 *
 *     node report.mjs http://api.ad.test/orders       in real life
 *     node report.mjs                                 on the realm of examples/realm
 */
import { createFetch } from '@s4u/fetch'
import { createKdcClient } from '@s4u/kdc-client'

const url = process.argv[2] ?? `${process.env.BACKEND ?? 'http://api.ad.test'}/orders`

// Where the KDCs are comes from krb5.conf (KRB5_CONFIG), else from DNS.
const client = createKdcClient({ credentials: { keytab: 'report.keytab' } })
const fetch = createFetch({ ticketFor: (spn, options) => client.ticketFor(spn, options) })

const answer = await fetch(url)
console.log(`${client.principal} got ${answer.status}`)
console.log(await answer.text())
