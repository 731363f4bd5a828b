import { form } from '@s4u/sign-in'
import { PASSWORD } from '../../fixtures/corporation.js'
import type { SourceUnderTest } from './source-under-test.js'
import { submitForm } from './submit-form.js'

const GUESS = 'guessed-password'

export const formUnderTest: SourceUnderTest = {
  name: 'form',
  create: () => form(),
  show(site, whose, { headers }) {
    const user = { alice: 'alice', bob: 'bob', wrong: 'alice', unknown: 'nobody' }[whose]
    const password = whose === 'wrong' || whose === 'unknown' ? GUESS : PASSWORD
    return submitForm(site, '/.s4u/sign-in', { user, password, computer: 'private' }, headers)
  },
  isGuessable: true,
  beginsSession: true,
  fromOtherSite: 'refused',
  secrets: [PASSWORD, GUESS],
}
