import { type KdcReqBody, NameType } from '@s4u/krb5'
import { BADOPTION, listHint, otherKeyHint, transitionHint, userHint } from './hints.js'
import type { Row } from './refusal.js'
import { wrongForUserChecksum } from './resigning.js'

export const sambaDelegationRows: readonly Row[] = [
  [
    'S4U2Self for an unknown user',
    (at) => at.client('web').s4u2self('nobody'),
    { code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', hint: /no user nobody/ },
  ],
  [
    'S4U2Self for a disabled user',
    (at) => at.client('web').s4u2self('erin'),
    { code: 'KDC_ERR_POLICY', hint: /erin@CORP.TEST is disabled/ },
  ],
  [
    'S4U2Self for a locked user',
    (at) => at.client('web').s4u2self('hank'),
    { code: 'KDC_ERR_CLIENT_REVOKED', hint: /hank@CORP.TEST[^]*locked out/ },
  ],
  [
    'S4U2Self for an expired user',
    (at) => at.client('web').s4u2self('gina'),
    { code: 'KDC_ERR_NAME_EXP', hint: /gina@CORP.TEST has expired/ },
  ],
  [
    'S4U2Self by who is no service',
    (at) => at.user('alice').s4u2self('bob'),
    { code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN', reason: 'not-a-service', hint: /setspn -S/ },
  ],
  [
    'a target that is not listed',
    (at) => at.vouch('web', 'bob', 'vault'),
    { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
  ],
  [
    'a target that is not listed, by a presented ticket',
    (at) => at.present('kcd', 'bob', 'vault'),
    { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
  ],
  [
    'a service without a list',
    (at) => at.present('none', 'bob', 'api'),
    { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
  ],
  [
    'no protocol transition',
    (at) => at.vouch('kcd', 'bob', 'api'),
    { ...BADOPTION, reason: 'protocol-transition-not-allowed', hint: transitionHint },
  ],
  [
    'a sensitive user',
    (at) => at.vouch('web', 'carol', 'api', { before: 'bob' }),
    { ...BADOPTION, reason: 'user-not-delegable', hint: userHint },
  ],
  [
    'a sensitive user’s own ticket',
    (at) => at.present('kcd', 'carol', 'api'),
    { ...BADOPTION, reason: 'evidence-not-forwardable', hint: userHint },
  ],
  [
    'a ticket of a member of Protected Users',
    (at) => at.present('kcd', 'dave', 'api'),
    { ...BADOPTION, reason: 'evidence-not-forwardable', hint: /^dave@CORP.TEST must not be in the group Protected/ },
  ],
  [
    'a user who must change the password',
    (at) => at.vouch('web', 'frank', 'api'),
    { code: 'KDC_ERR_KEY_EXPIRED', hint: /frank@CORP.TEST has expired or must be changed/ },
  ],
  [
    'an unknown target',
    (at) => at.vouch('web', 'bob', 'HTTP/nobody.corp.test'),
    { code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN', reason: 'target-unknown', hint: /setspn -S HTTP\/nobody.corp.test/ },
  ],
  [
    'evidence that was changed',
    (at) => at.present('kcd', 'bob', 'api', { tamper: true }),
    { code: 'KRB_AP_ERR_BAD_INTEGRITY', reason: 'evidence-unusable', hint: otherKeyHint },
  ],
  [
    'evidence for another service',
    (at) => at.present('kcd', 'bob', 'api', { shownBy: 'web' }),
    { code: 'KRB_AP_ERR_BAD_INTEGRITY', reason: 'evidence-unusable', hint: otherKeyHint },
  ],
  [
    'evidence without a PAC',
    (at) => at.present('kcd', 'bob', 'api', { pac: false }),
    { code: 'KDC_ERR_TGT_REVOKED', reason: 'no-pac', hint: /NO_AUTH_DATA_REQUIRED/ },
  ],
  [
    'AES only, to a service with RC4',
    (at) => at.vouch('web', 'bob', 'rc4'),
    { code: 'KDC_ERR_ETYPE_NOSUPP', hint: /msDS-SupportedEncryptionTypes/ },
  ],
  [
    'krbtgt as target',
    (at) => at.vouch('web', 'bob', 'krbtgt/CORP.TEST'),
    { ...BADOPTION, reason: 'target-not-allowed', hint: /^no KDC delegates to itself/ },
  ],
  [
    'a target of a trusted forest',
    (at) => at.vouch('web', 'bob', 'HTTP/api.partner.test'),
    { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
  ],
  [
    'a ticket-granting ticket as evidence',
    (at) => at.presentTgt('web', 'bob', 'api'),
    { code: 'KRB_AP_ERR_BAD_INTEGRITY', reason: 'evidence-unusable', hint: /setspn -L svc-web/ },
  ],
  [
    'RC4 only, to a service with AES',
    (at) => at.vouchThen('web', 'bob', 'api', { encryptionTypes: [23] }),
    { code: 'KDC_ERR_ETYPE_NOSUPP', hint: /^This client offers rc4-hmac alone/ },
  ],
  [
    'S4U2Self with a wrong checksum over the user’s name',
    (at) => at.client('web', at.changing({ padata: wrongForUserChecksum })).s4u2self('bob'),
    { code: 'KRB_AP_ERR_BAD_INTEGRITY', hint: /could not open what it was shown[^]*klist purge/ },
  ],
  [
    'S4U2Self in the name of another service',
    (at) => at.client('web', at.changing({ body: forAnotherService })).s4u2self('bob'),
    { code: 'KRB_AP_ERR_BADMATCH', reason: 'not-a-service', hint: /setspn -S/ },
  ],
  [
    'S4U2Proxy without evidence, which is answered with a ticket of the service’s own',
    (at) => at.vouchThen('web', 'bob', 'api', at.changing({ body: withoutEvidence })),
    { code: 'KRB_AP_ERR_BADMATCH', hint: /The reply was refused/ },
  ],
]

/** What another service is called in a request of CORP. */
function forAnotherService(body: KdcReqBody): KdcReqBody {
  return { ...body, sname: { nameType: NameType.SRV_INST, nameString: ['HTTP', 'none.corp.test'] } }
}

function withoutEvidence({ additionalTickets: _, ...body }: KdcReqBody): KdcReqBody {
  return body
}
