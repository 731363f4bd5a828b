import { BADOPTION, listHint, transitionHint, userHint } from './hints.js'
import type { Row } from './refusal.js'

/** With the database in a directory. */
export const mitDelegationRows: readonly Row[] = [
  [
    'S4U2Self for an unknown user',
    (at) => at.client('web').s4u2self('nobody'),
    { code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', hint: /no user nobody/ },
  ],
  [
    'S4U2Self for a disabled user',
    (at) => at.client('web').s4u2self('locked'),
    { code: 'KDC_ERR_CLIENT_REVOKED', hint: /locked@EAST.TEST is disabled[^]*\+allow_tix locked/ },
  ],
  [
    'S4U2Self for an expired user',
    (at) => at.client('web').s4u2self('expired'),
    { code: 'KDC_ERR_NAME_EXP', hint: /expired@EAST.TEST has expired/ },
  ],
  [
    'a target that is not listed',
    (at) => at.vouch('web', 'bob', 'vault'),
    { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
  ],
  [
    'a service without a list',
    (at) => at.vouch('none', 'bob', 'api'),
    { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
  ],
  [
    'no protocol transition',
    (at) => at.vouch('kcd', 'bob', 'api'),
    { ...BADOPTION, reason: 'protocol-transition-not-allowed', hint: transitionHint },
  ],
  [
    'a sensitive user',
    (at) => at.vouch('web', 'sensitive', 'api', { before: 'bob' }),
    { ...BADOPTION, reason: 'user-not-delegable', hint: userHint },
  ],
  [
    'a sensitive user’s own ticket',
    (at) => at.present('kcd', 'sensitive', 'api'),
    { ...BADOPTION, reason: 'evidence-not-forwardable', hint: userHint },
  ],
  [
    'an unknown target',
    (at) => at.vouch('web', 'bob', 'HTTP/nobody.east.test'),
    { code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN', reason: 'target-unknown', hint: /addprinc/ },
  ],
  [
    'a service whose own ticket-granting ticket has no PAC',
    (at) => at.vouchThen('web', 'bob', 'api', { pac: false }),
    { code: 'KDC_ERR_TGT_REVOKED', reason: 'no-pac', hint: /NO_AUTH_DATA_REQUIRED[^]*-no_auth_data_required/ },
  ],
  [
    'krbtgt as target',
    (at) => at.vouch('web', 'bob', 'krbtgt/EAST.TEST'),
    { code: 'KDC_ERR_POLICY', reason: 'target-not-allowed', hint: /^no KDC delegates to itself/ },
  ],
  [
    'a target of another realm, by its full name',
    (at) => at.vouch('web', 'bob', 'HTTP/api.west.test@WEST.TEST'),
    { ...BADOPTION, reason: 'target-not-allowed', hint: /^msDS-AllowedToActOnBehalf[^]*ipa service-add-delegation/ },
  ],
  [
    'S4U2Self for an unknown user of another realm',
    (at) => at.client('web').s4u2self('nobody@WEST.TEST'),
    { code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', hint: /no user nobody/ },
  ],
  [
    'S4U2Self for a user of another realm that does not know the service',
    (at) => at.client('none').s4u2self('bob@WEST.TEST'),
    {
      ...{ code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN', reason: 'not-a-service' },
      hint: /^the KDC of WEST.TEST does not know in which realm HTTP\/none.east.test@EAST.TEST is/,
    },
  ],
  [
    'S4U2Self for a user of a realm that is not there',
    (at) => at.client('web').s4u2self('bob@NOWHERE.TEST'),
    { code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', hint: /no user bob/ },
  ],
]

/** With the database in a file, which has no delegation lists. */
export const mitFileDelegationRows: readonly Row[] = [
  [
    'every S4U2Proxy, since DB2 has no lists',
    (at) => at.vouch('web', 'bob', 'api'),
    { ...BADOPTION, reason: 'target-not-allowed', hint: /DB2 has no delegation lists/ },
  ],
  [
    'a presented ticket, too',
    (at) => at.present('kcd', 'bob', 'api'),
    { ...BADOPTION, reason: 'target-not-allowed', hint: /DB2 has no delegation lists/ },
  ],
  [
    'a second hop',
    (at) => at.present('api', 'bob', 'data'),
    { ...BADOPTION, reason: 'target-not-allowed', hint: /DB2 has no delegation lists/ },
  ],
  [
    'an unknown target',
    (at) => at.vouch('web', 'bob', 'HTTP/nobody.plain.test'),
    { code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN', reason: 'target-unknown', hint: /addprinc/ },
  ],
]
