import { describe, expect, test } from 'vitest'
import { loadedBy } from './loaded-modules.js'

/**
 * What an app loads before it is asked for anything. Each file costs about a third of a
 * millisecond, and memory in every process of a cluster.
 */

/** Libraries for what an app that only signs people in does not do. */
const FOR_LATER = ['undici', 'asn1js', 'ldapts', '@s4u/directory', 'openid-client', 'commander', '@s4u/test-kdc']

/** What our packages load of others', and how many of the files. */
const LIBRARIES = { '@noble/ciphers': 4, 'lru-cache': 1 }

/** Beside `@s4u/negotiate`, which each of them loads. Nest loads hundreds of files of its own. */
const ADAPTERS = ['express', 'fastify', 'hono', 'koa', 'nest', 'passport']

describe.each(['@s4u/negotiate', ...ADAPTERS.map((name) => `@s4u/${name}`)])('an app that imports %s', (name) => {
  const loaded = loadedBy(`await import('${name}')`)

  test('loads nothing that only delegation, a directory or a certificate needs', () => {
    expect(FOR_LATER.filter((library) => loaded.has(library))).toEqual([])
  })

  test('loads one file of each of our packages, and those that depend on the platform', () => {
    const own = Object.fromEntries([...loaded].filter(([library]) => library.startsWith('@s4u/')))
    const ground = { '@s4u/krb5': 7, '@s4u/gssapi': 2, '@s4u/acceptor': 1, '@s4u/kdc-client': 1, '@s4u/fetch': 1 }
    expect(own).toEqual({ ...ground, '@s4u/negotiate': 1, [name]: 1 })
  })

  test('loads few files of other libraries', () => {
    expect(Object.fromEntries([...loaded].filter(([library]) => library in LIBRARIES))).toEqual(LIBRARIES)
  })
})

const NEGOTIATOR = `
  const { createNegotiator } = await import('@s4u/negotiate')
  const { Keytab, Key, parsePrincipal } = await import('@s4u/krb5')
  const principal = parsePrincipal('HTTP/web.ad.test@AD.TEST')
  const keytab = new Keytab([{ principal, kvno: 1, key: new Key(18, new Uint8Array(32)), timestamp: 0 }])
`

describe('undici', () => {
  test('is not loaded by a negotiator that signs callers in', () => {
    const loaded = loadedBy(`${NEGOTIATOR}
      const negotiator = createNegotiator({ keytab })
      await negotiator.authenticate({ headers: { authorization: 'Negotiate AAAA' } })
      await negotiator.ready()`)
    expect(loaded.has('undici')).toBe(false)
  })

  test('is loaded by the first request', () => {
    const loaded = loadedBy(`
      const { createFetch } = await import('@s4u/fetch')
      const fetch = createFetch({ ticketFor: () => Promise.reject(new Error('no ticket')), origins: [] })
      await fetch('http://127.0.0.1:1/').catch(() => {})`)
    expect(loaded.has('undici')).toBe(true)
  })

  test('is loaded by ready() where the app delegates', () => {
    const loaded = loadedBy(`${NEGOTIATOR}
      const negotiator = createNegotiator({ keytab, delegation: {}, kdc: () => Promise.reject(new Error('no KDC')) })
      await negotiator.ready().catch(() => {})`)
    expect(loaded.has('undici')).toBe(true)
  })

  test('is loaded by hand for connections that are opened before any request', () => {
    const loaded = loadedBy(`
      const { Connections, loadUndici } = await import('@s4u/fetch')
      await loadUndici()
      new Connections().withoutIdentity()`)
    expect(loaded.has('undici')).toBe(true)
  })
})
