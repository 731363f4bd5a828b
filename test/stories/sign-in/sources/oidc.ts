import { oidc } from '@s4u/sign-in'
import { freePort } from '../../fixtures/free-port.js'
import { startProvider } from '../../fixtures/provider.js'
import { RoamingBrowser } from '../../fixtures/roaming-browser.js'
import type { SourceUnderTest } from './source-under-test.js'

const SECRET = 'shared'
const port = await freePort()
const origin = `https://127.0.0.1:${port}`
const redirectUri = `${origin}/.s4u/oidc/callback`
const users = {
  alice: { sam: 'alice' },
  bob: { sam: 'bob' },
  unknown: { sam: 'web$' },
  wrong: {},
}
const provider = await startProvider({ users, redirectUris: [redirectUri] })

/** A browser that a real issuer sends back. */
export const oidcUnderTest: SourceUnderTest = {
  name: 'oidc',
  create: () =>
    oidc({
      ...{ issuer: provider.issuer, clientId: 'secret', clientSecret: SECRET, redirectUri },
      ...{ claim: 'sam', account: 'samAccountName', allowInsecure: true },
    }),
  options: { delegation: { principal: 'web', protocolTransition: true } },
  port,
  async show(_site, whose, { headers: { cookie = '' } }) {
    const browser = new RoamingBrowser()
    const jar = browser.cookiesFor(origin)
    for (const pair of cookie.split('; ').filter((one) => one !== '')) jar.set(...pairOf(pair))
    const interaction = await browser.go(`${origin}/.s4u/oidc`)
    const { status, headers, body } = await browser.go(`${interaction.url}?user=${whose}`)
    const cookies = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    return { status, headers, body, cookies }
  },
  isGuessable: false,
  beginsSession: true,
  // It can only send its visitor to the issuer, whose answer belongs to that browser's own state.
  fromOtherSite: undefined,
  secrets: [`client_secret=${SECRET}`],
  close: () => provider[Symbol.asyncDispose](),
}

function pairOf(pair: string): [name: string, value: string] {
  const at = pair.indexOf('=')
  return [pair.slice(0, at), pair.slice(at + 1)]
}
