import { bearer } from '@s4u/sign-in'
import { API_AUDIENCE, startProvider } from '../../fixtures/provider.js'
import type { SourceUnderTest } from './source-under-test.js'

const provider = await startProvider({ users: {}, redirectUris: ['http://127.0.0.1:1/callback'] })
const tokens = {
  alice: await provider.token({ sam: 'alice' }),
  bob: await provider.token({ sam: 'bob' }),
  unknown: await provider.token({ sam: 'web$' }),
  wrong: await provider.token({ sam: 'alice', aud: 'api://others' }),
}

/** Access tokens of a real issuer. */
export const bearerUnderTest: SourceUnderTest = {
  name: 'bearer',
  create: () =>
    bearer({
      issuer: provider.issuer,
      audience: API_AUDIENCE,
      claim: 'sam',
      account: 'samAccountName',
      allowInsecure: true,
    }),
  options: { delegation: { principal: 'web', protocolTransition: true } },
  show: (site, whose, { headers, method }) =>
    site.visit('/', { method, headers: { authorization: `Bearer ${tokens[whose]}`, ...headers } }),
  isGuessable: false,
  beginsSession: false,
  fromOtherSite: 'taken',
  secrets: Object.values(tokens),
  close: () => provider[Symbol.asyncDispose](),
}
