// @ts-check
/**
 * A visitor with a ticket, as a browser at a desktop of the domain would be. Needs krb5.conf:
 * KRB5_CONFIG.
 *
 *     node visit.mjs alice:wonderland http://web.ad.test:3000/orders
 */
import { createFetch } from '@s4u/fetch'
import { createKdcClient } from '@s4u/kdc-client'

const [who = 'alice:wonderland', url = 'http://web.ad.test:3000/'] = process.argv.slice(2)
const [name, password] = who.split(':')

const client = createKdcClient({ credentials: { principal: `${name}@AD.TEST`, password } })
const fetch = createFetch({ ticketFor: (spn, options) => client.ticketFor(spn, options) })

const answer = await fetch(url)
console.log(`${client.principal} got ${answer.status}`)
console.log(await answer.text())
