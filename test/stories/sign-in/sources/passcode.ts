import { passcode } from '@s4u/sign-in'
import {
  papPassword,
  radiusAnswer,
  startRadiusServer,
} from '../../../../packages/sign-in/src/fixtures/radius-server.js'
import type { SourceUnderTest } from './source-under-test.js'
import { submitForm } from './submit-form.js'

const SECRET = 'a-secret-of-many-octets'
const CODES: Readonly<Record<string, string>> = { alice: '4711-alice', bob: '0815-bob' }
const GUESS = 'guessed-code'

/** Codes that a RADIUS server checks; each is good for several sign-ins here. */
export const passcodeUnderTest: SourceUnderTest = {
  name: 'passcode',
  async create() {
    const { server } = await radius
    return passcode({ radius: { servers: server, secret: SECRET }, usedFor: 0 })
  },
  options: { delegation: { principal: 'web', protocolTransition: true } },
  show(site, whose, { headers }) {
    const user = { alice: 'alice', bob: 'bob', wrong: 'alice', unknown: 'nobody' }[whose]
    const code = whose === 'wrong' || whose === 'unknown' ? GUESS : CODES[user]
    return submitForm(site, '/.s4u/passcode', { user, code, computer: 'private' }, headers)
  },
  isGuessable: true,
  beginsSession: true,
  fromOtherSite: 'refused',
  secrets: [SECRET, GUESS, ...Object.values(CODES)],
  close: async () => (await radius).close(),
}

const radius = startRadiusServer(SECRET, (request, send) => {
  const user = request.attributes.get(1)?.[0].toString() ?? ''
  const isRight = CODES[user] === papPassword(request, SECRET)
  send(radiusAnswer(request, SECRET, { code: isRight ? 2 : 3 }))
})
