import { basic } from '@s4u/sign-in'
import { PASSWORD } from '../../fixtures/corporation.js'
import type { SourceUnderTest } from './source-under-test.js'

const GUESS = 'guessed-password'
const encoded = (user: string, password: string): string => Buffer.from(`${user}:${password}`).toString('base64')

export const basicUnderTest: SourceUnderTest = {
  name: 'basic',
  create: () => basic({ session: true }),
  show(site, whose, { headers, method }) {
    const user = { alice: 'alice', bob: 'bob', wrong: 'alice', unknown: 'nobody' }[whose]
    const password = whose === 'wrong' || whose === 'unknown' ? GUESS : PASSWORD
    return site.visit('/', { method, headers: { authorization: `Basic ${encoded(user, password)}`, ...headers } })
  },
  isGuessable: true,
  beginsSession: true,
  fromOtherSite: 'refused',
  secrets: [PASSWORD, GUESS, encoded('alice', PASSWORD), encoded('alice', GUESS)],
}
