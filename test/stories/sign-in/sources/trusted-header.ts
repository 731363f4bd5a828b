import { trustedHeader } from '@s4u/sign-in'
import type { SourceUnderTest } from './source-under-test.js'

/** The front end is this process. */
export const trustedHeaderUnderTest: SourceUnderTest = {
  name: 'trusted-header',
  create: () => trustedHeader({ from: ['127.0.0.0/8'] }),
  options: { delegation: { principal: 'web', protocolTransition: true } },
  show(site, whose, { headers, method }) {
    const user = { alice: 'alice', bob: 'bob', wrong: 'HTTP/web.ad.test', unknown: 'nobody' }[whose]
    return site.visit('/', { method, headers: { 'x-remote-user': user, ...headers } })
  },
  isGuessable: false,
  beginsSession: false,
  fromOtherSite: 'refused',
  secrets: [],
}
