import { BADOPTION, listHint, transitionHint, userHint } from './hints.js'
import type { Row } from './refusal.js'

export const heimdalDelegationRows: readonly Row[] = [
  [
    'S4U2Self for an unknown user',
    (at) => at.client('web').s4u2self('nobody'),
    { code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', hint: /no user nobody/ },
  ],
  [
    'S4U2Self for a disabled user',
    (at) => at.client('web').s4u2self('locked'),
    { code: 'KDC_ERR_POLICY', hint: /locked@NORTH.TEST is disabled/ },
  ],
  [
    'S4U2Self for an expired user',
    (at) => at.client('web').s4u2self('expired'),
    { code: 'KDC_ERR_NAME_EXP', hint: /expired@NORTH.TEST has expired/ },
  ],
  [
    'a target that is not listed',
    (at) => at.vouch('web', 'bob', 'vault'),
    { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
  ],
  [
    'no protocol transition',
    (at) => at.vouch('kcd', 'bob', 'api'),
    { ...BADOPTION, reason: 'protocol-transition-not-allowed', hint: transitionHint },
  ],
  [
    'a presented ticket, which this KDC never takes',
    (at) => at.present('kcd', 'bob', 'api'),
    { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
  ],
  [
    'a service without a list',
    (at) => at.vouch('none', 'bob', 'api'),
    { ...BADOPTION, reason: 'protocol-transition-not-allowed', hint: transitionHint },
  ],
  [
    'a sensitive user',
    (at) => at.vouch('web', 'sensitive', 'api', { before: 'bob' }),
    { ...BADOPTION, reason: 'user-not-delegable', hint: userHint },
  ],
  [
    'a second hop',
    (at) => at.hop('bob', 'web', 'api', 'data'),
    { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
  ],
  [
    'a target of a trusted realm',
    (at) => at.vouch('web', 'bob', 'HTTP/api.south.test'),
    { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
  ],
  [
    'S4U2Self for a user of another realm',
    (at) => at.client('web').s4u2self('bob@SOUTH.TEST'),
    {
      ...{ code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN', reason: 'not-a-service' },
      hint: /^the KDC of SOUTH.TEST does not know in which realm HTTP\/web.north.test@NORTH.TEST is/,
    },
  ],
  [
    'an unknown target',
    (at) => at.vouch('web', 'bob', 'HTTP/nobody.north.test'),
    {
      code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
      reason: 'target-unknown',
      hint: /kadmin -l add --random-key --use-defaults HTTP\/nobody.north.test/,
    },
  ],
]
