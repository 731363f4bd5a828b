import { digest, digestSecret } from '@s4u/sign-in'
import { createHash } from 'node:crypto'
import type { SourceUnderTest } from './source-under-test.js'

const REALM = 'orders@ad.test'
const SECRETS: Readonly<Record<string, string>> = { alice: 'alices-secret', bob: 'bobs-secret' }
const GUESS = 'guessed-secret'
const hashed = (text: string): string => createHash('sha256').update(text).digest('hex')

export const digestUnderTest: SourceUnderTest = {
  name: 'digest',
  create: () =>
    digest({
      realm: REALM,
      secretFor: ({ user }) => (SECRETS[user] === undefined ? undefined : { password: SECRETS[user] }),
    }),
  options: { delegation: { principal: 'web', protocolTransition: true } },
  async show(site, whose, { headers, method }) {
    const user = { alice: 'alice', bob: 'bob', wrong: 'alice', unknown: 'nobody' }[whose]
    const password = whose === 'wrong' || whose === 'unknown' ? GUESS : SECRETS[user]
    const asked = [(await site.visit('/')).headers['www-authenticate']].flat().join(', ')
    const nonce = /Digest [^D]*nonce="([^"]+)"/.exec(asked)?.[1] ?? 'no nonce'
    const a1 = hashed(`${user}:${REALM}:${password}`)
    const response = hashed([a1, nonce, '00000001', 'c', 'auth', hashed(`${method}:/`)].join(':'))
    const authorization = `Digest username="${user}", realm="${REALM}", nonce="${nonce}", uri="/", algorithm=SHA-256, response="${response}", qop=auth, nc=00000001, cnonce="c"`
    return site.visit('/', { method, headers: { authorization, ...headers } })
  },
  isGuessable: true,
  beginsSession: true,
  fromOtherSite: 'refused',
  secrets: [
    ...[GUESS, ...Object.values(SECRETS)],
    ...Object.entries(SECRETS).map(([user, secret]) => digestSecret('SHA-256', user, REALM, secret)),
  ],
}
