import { decode, hasFlag, KdcOption, KrbError, TicketFlag } from '@s4u/krb5'
import { afterEach, describe, expect, test } from 'vitest'
import { createAd } from '../fixtures/ad-realm.js'
import {
  byProxy,
  principal,
  requestTicket,
  signInWithKeytab,
  signInWithPassword,
  spn,
  toSelf,
} from '../fixtures/bare-client.js'

const realm = await createAd()
const { misbehave } = realm
const tgt = await signInWithPassword(realm, 'alice', 'wonderland')
const web = spn('HTTP/web.ad.test')

afterEach(() => {
  for (const key of Object.keys(misbehave)) Reflect.deleteProperty(misbehave, key)
})

describe('a KDC that misbehaves', () => {
  test('answers in the name of another client or realm', async () => {
    misbehave.wrongClient = true
    expect((await requestTicket(realm, tgt, web)).reply.cname).toEqual(principal('mallory'))
    misbehave.wrongRealm = true
    expect((await requestTicket(realm, tgt, web)).reply.crealm).toBe('MALLORY.TEST')
  })

  test('answers for another service', async () => {
    misbehave.wrongService = true
    const { part, ticket } = await requestTicket(realm, tgt, web)
    expect([part.sname, ticket.sname]).toEqual([spn('HTTP/mallory.test'), spn('HTTP/mallory.test')])
  })

  test('answers with another nonce', async () => {
    misbehave.wrongNonce = true
    expect((await requestTicket(realm, tgt, web, { nonce: 7 })).part.nonce).toBe(8)
  })

  test('chooses a session key that nobody offered', async () => {
    misbehave.downgradeEtype = true
    expect((await requestTicket(realm, tgt, web, { etypes: [18] })).part.key.etype).toBe(23)
  })

  test('changes times', async () => {
    const honest = (await requestTicket(realm, tgt, web)).part
    const later = async (lie: 'beginsLater' | 'endsLater' | 'renewsLater') => {
      misbehave[lie] = true
      const { starttime = 0, endtime, renewTill = 0 } = (await requestTicket(realm, tgt, web)).part
      misbehave[lie] = false
      const day = 24 * 3600_000
      return [
        starttime > (honest.starttime ?? 0) + day,
        endtime > honest.endtime + day,
        renewTill > (honest.renewTill ?? 0) + day,
      ]
    }
    expect(await later('beginsLater')).toEqual([true, true, false])
    expect(await later('endsLater')).toEqual([false, true, false])
    expect(await later('renewsLater')).toEqual([false, false, true])
  })

  test('changes flags', async () => {
    misbehave.changeFlags = true
    const { flags } = (await requestTicket(realm, tgt, web, { options: [KdcOption.FORWARDABLE] })).part
    expect([hasFlag(flags, TicketFlag.FORWARDABLE), hasFlag(flags, TicketFlag.PROXIABLE)]).toEqual([false, true])
  })

  test('sends the reply before', async () => {
    const first = await requestTicket(realm, tgt, web)
    misbehave.replayPreviousReply = true
    await expect(requestTicket(realm, tgt, principal('api'))).rejects.toMatchObject({
      code: 'KRB_AP_ERR_BAD_INTEGRITY',
    })
    expect(first.ticket.sname).toEqual(web)
  })

  test('cuts replies short, or says that they are huge', async () => {
    misbehave.truncate = true
    await expect(requestTicket(realm, tgt, web)).rejects.toMatchObject({ name: 'MalformedTokenError' })
    misbehave.truncate = false
    misbehave.hugeLengthPrefix = true
    await expect(requestTicket(realm, tgt, web)).rejects.toMatchObject({ name: 'MalformedTokenError' })
  })

  test('refers to one realm after another', async () => {
    misbehave.endlessReferral = true
    let current = tgt
    const seen = new Set<string>()
    for (let hop = 0; hop < 5; hop++) {
      const asked = current.ticket.sname.nameString[1]
      current = await requestTicket(realm, current, web)
      expect(current.ticket.realm).toBe(asked)
      seen.add(current.ticket.sname.nameString[1])
    }
    expect(seen.size).toBe(5)
  })

  test('knows nothing of S4U: the ticket is in the service’s own name', async () => {
    const service = await signInWithKeytab(realm, 'web')
    const evidence = await toSelf(realm, service, 'web', 'alice')
    misbehave.ignoreS4u = true
    expect((await toSelf(realm, service, 'web', 'alice')).reply.cname).toEqual(principal('web'))
    expect((await byProxy(realm, service, evidence, 'HTTP/api.ad.test')).reply.cname).toEqual(principal('web'))
  })

  test('is slow, silent or dead', async () => {
    misbehave.slow = 30
    const before = performance.now()
    await requestTicket(realm, tgt, web)
    expect(performance.now() - before).toBeGreaterThan(25)
    misbehave.slow = 60_000
    const request = Uint8Array.of(0x6a, 0)
    await expect(realm.transport(request, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    misbehave.slow = undefined
    misbehave.silent = true
    await expect(realm.transport(request, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    misbehave.dead = true
    await expect(realm.transport(request)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('garbage', () => {
  test.each([
    ['nothing', new Uint8Array(0)],
    ['noise', Uint8Array.of(1, 2, 3)],
    ['the beginning of a request', Uint8Array.of(0x6c, 0x82, 0x01)],
    ['a KRB-ERROR', Uint8Array.of(0x7e, 0x02, 0x30, 0x00)],
  ])('is answered by nobody: %s', async (_title, bytes) => {
    await expect(realm.transport(bytes)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('within a request that is well formed is answered with an error', async () => {
    const padata = [{ padataType: 129, padataValue: Uint8Array.of(0xff) }]
    await expect(requestTicket(realm, tgt, web, { padata })).rejects.toThrow('KRB_ERR_GENERIC')
    expect(realm.exchanges.at(-1)).toMatchObject({ outcome: 'KRB_ERR_GENERIC' })
  })

  test('of one flipped bit never brings the KDC down', async () => {
    let request = new Uint8Array(0)
    const wire = {
      ...realm,
      transport: (bytes: Uint8Array, options?: object) => ((request = bytes.slice()), realm.transport(bytes, options)),
    }
    await requestTicket({ ...wire, now: realm.now }, tgt, web)
    for (let index = 0; index < request.length; index += 3) {
      const flipped = request.slice()
      flipped[index] ^= 1 << (index % 8)
      const reply = await realm.transport(flipped).catch((error: { code?: string }) => error.code)
      if (reply instanceof Uint8Array && reply[0] === 0x7e) decode(KrbError, reply)
      else if (!(reply instanceof Uint8Array)) expect(reply).toBe('ECONNRESET')
    }
  })
})
