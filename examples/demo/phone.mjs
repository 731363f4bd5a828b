import { users } from './directory.mjs'

/**
 * A telephone on the internet: it is in no domain, has no ticket, and reaches the gateway alone.
 */
export class Phone {
  #fetch
  #cookie

  constructor({ fetch }) {
    this.#fetch = fetch
  }

  /** Takes the page to sign in, fills it in, and goes to the page that was wanted. */
  async signIn(name, password = users[name].password) {
    const shown = await this.#fetch(FORM)
    const token = /name="token" value="([^"]*)"/.exec(await shown.text())?.[1] ?? ''
    const signedIn = await this.#fetch(FORM, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie: cookiesOf(shown) },
      body: new URLSearchParams({ user: name, password, token, next: '/', computer: 'private' }),
    })
    if (signedIn.status !== 303) return signedIn
    this.#cookie = cookiesOf(signedIn)
    return this.open()
  }

  /** Looks at intranet again. */
  open() {
    return this.#fetch('http://gateway.example.com/', { headers: this.#cookie ? { cookie: this.#cookie } : {} })
  }
}

const FORM = 'http://gateway.example.com/.s4u/sign-in'

function cookiesOf({ headers }) {
  return headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
}
