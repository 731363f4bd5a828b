import { certificate } from '@s4u/sign-in'
import { Authority } from '../../fixtures/authority.js'
import { askingFor } from '../../fixtures/certified-site.js'
import type { SourceUnderTest } from './source-under-test.js'

const authority = new Authority('DC=test,DC=ad,CN=Issuing CA')
const others = new Authority('DC=test,DC=ad,CN=Another CA')
const issued = {
  alice: authority.issue({ subject: 'CN=alice', upns: ['alice@ad.test'] }),
  bob: authority.issue({ subject: 'CN=bob', upns: ['bob@ad.test'] }),
  unknown: authority.issue({ subject: 'CN=nobody' }),
  wrong: others.issue({ subject: 'CN=alice', upns: ['alice@ad.test'] }),
}

export const certificateUnderTest: SourceUnderTest = {
  name: 'certificate',
  create: () =>
    certificate({ ca: authority.certificate.pem, mapping: 'upn', weakMappings: ['upn'], revocation: 'off' }),
  options: { delegation: { principal: 'web', protocolTransition: true } },
  listener: askingFor(authority),
  show: (site, whose, sent) => site.visit('/', { as: issued[whose], ...sent }),
  isGuessable: false,
  beginsSession: true,
  fromOtherSite: 'refused',
  secrets: Object.values(issued).map(({ key }) => key.split('\n')[1]),
}
