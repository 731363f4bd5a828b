/**
 * What the delegated fetch adds to a plain one on a warm cache: the request is looked at, a token made, the server's answer to it
 * checked. The fetch below answers at once. The floor is one AP-REQ, sealed.
 */
import { createFetch } from '@s4u/fetch'
import { beginNegotiation, createInitiator, encodeAuthenticatorChecksum, formatChallenge, sealApRep } from '@s4u/gssapi'
import {
  encode,
  EncTicketPart,
  Key,
  kerberosFlags,
  KeyUsage,
  openApReq,
  parsePrincipal,
  sealApReq,
  sealEncryptedData,
} from '@s4u/krb5'

const NOW = Date.UTC(2026, 0, 15, 12)
/** Octets of PAC and whatever else a ticket holds; nothing here looks at them. */
const TICKET_PADDING = 1000
const WARM_UP_CALLS = 10_000

export default async function bench(measure) {
  const serviceKey = Key.random(18)
  const ticket = issueTicket(serviceKey)
  // With a clock and randomness that stand still every token is the same, so that one answer proves the server to all of them.
  const options = { now: () => NOW, random: (length) => new Uint8Array(length).fill(7) }
  const { token } = createInitiator({ ticket, ...options })
  const headers = { 'www-authenticate': formatChallenge(answerTo(token, serviceKey)) }
  const below = () => Promise.resolve(new Response(null, { headers }))
  const fetch = createFetch({ ticketFor: () => Promise.resolve(ticket), fetch: below, ...options })
  // A process that serves requests has compiled all of this long ago; the warm-up of `measure` is too short for so much code.
  for (let call = 0; call < WARM_UP_CALLS; call++) await fetch('http://api.ad.test/orders')
  await measure('delegated-fetch', () => fetch('http://api.ad.test/orders'), sealer(ticket))
}

function sealer({ ticket, client, sessionKey }) {
  const cksum = encodeAuthenticatorChecksum({ flags: 0x3e })
  const apOptions = kerberosFlags()
  return () => {
    const subkey = Key.random(sessionKey.etype)
    const authenticator = {
      crealm: client.realm,
      cname: client.name,
      cksum,
      ctime: NOW,
      cusec: 0,
      subkey,
      seqNumber: 1,
    }
    return sealApReq({ apOptions, ticket, sessionKey, authenticator })
  }
}

function answerTo(token, serviceKey) {
  const step = beginNegotiation(token)
  const opened = openApReq(step.apReq, serviceKey)
  return step.accept({ opened, ...sealApRep({ opened }) }).reply
}

function issueTicket(serviceKey) {
  const client = parsePrincipal('alice@AD.TEST')
  const service = parsePrincipal('HTTP/api.ad.test@AD.TEST')
  const sessionKey = Key.random(18)
  const expiresAt = NOW + 36_000_000
  const part = encode(EncTicketPart, {
    flags: kerberosFlags(),
    key: sessionKey,
    crealm: client.realm,
    cname: client.name,
    transited: { trType: 1, contents: new Uint8Array(0) },
    authtime: NOW,
    endtime: expiresAt,
    authorizationData: [{ adType: 1, adData: new Uint8Array(TICKET_PADDING) }],
  })
  const encPart = sealEncryptedData(part, serviceKey, KeyUsage.TICKET)
  const ticket = { realm: service.realm, sname: service.name, encPart }
  return { client, service, ticket, sessionKey, flags: kerberosFlags(), expiresAt }
}
