import { createFetch } from '@s4u/fetch'
import { createKdcClient } from '@s4u/kdc-client'
import { REALM, users } from './directory.mjs'

/**
 * Stands in for a desktop that is joined to the domain, and its browser: signs people in with their
 * password, and shows their tickets to web. A page cannot do that itself, because browsers keep
 * tickets away from scripts.
 */
export class Workstation {
  /** Who is signed in: `{ name, method }`, with `kerberos` or `form`. */
  user
  /** That of whoever sits there, when they are on the way. */
  phone
  #fetch
  #kdc
  #clients = new Map()
  #cookie
  #lastToken

  constructor({ fetch, kdc, phone }) {
    this.phone = phone
    this.#kdc = kdc
    this.#fetch = async (input, init) => {
      this.#lastToken = new Headers(init?.headers).get('authorization') ?? this.#lastToken
      return fetch(input, init)
    }
  }

  /** Ctrl-Alt-Del, name, password, and the first look at web. */
  async signIn(name) {
    this.user = { name, method: 'kerberos' }
    return this.get('/me')
  }

  /** Web's own form, from a machine outside the domain: no ticket goes to web. */
  async signInByForm(name, password) {
    const headers = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify({ name, password }) }
    const response = await this.#fetch('http://web.ad.test/login', init)
    if (!response.ok) return response
    this.#cookie = response.headers.get('set-cookie')?.split(';')[0]
    this.user = { name, method: 'form' }
    return response
  }

  get(path) {
    const url = `http://web.ad.test${path}`
    if (this.user === undefined) return this.#fetch(url)
    if (this.user.method === 'form') return this.#fetch(url, { headers: { cookie: this.#cookie } })
    return this.#fetchAs(this.user.name)(url)
  }

  /** Sends the last token once more, as somebody would who has copied it from the network. */
  replay(path) {
    return this.#fetch(`http://web.ad.test${path}`, { headers: { authorization: this.#lastToken } })
  }

  #fetchAs(name) {
    const client = this.#clients.get(name) ?? this.#open(name)
    const ticketFor = (spn, options) => client.ticketFor(spn, options)
    return createFetch({ ticketFor, fetch: this.#fetch, connections: 'shared' })
  }

  #open(name) {
    const credentials = { principal: `${name}@${REALM}`, password: users[name].password }
    const client = createKdcClient({ credentials, kdc: this.#kdc })
    this.#clients.set(name, client)
    return client
  }
}
