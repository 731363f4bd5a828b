import { formPasswords } from './directory.mjs'

/** Everything that can be done in the demo, by the name of its button. */
export const actions = {
  alice: (workstation) => workstation.signIn('alice'),
  bob: (workstation) => workstation.signIn('bob'),
  carol: (workstation) => workstation.signIn('carol'),
  form: (workstation, { name, password }) => workstation.signInByForm(String(name), String(password)),
  orders: (workstation) => workstation.get('/orders'),
  vault: (workstation) => workstation.get('/vault'),
  archive: (workstation) => workstation.get('/archive'),
  phone: ({ phone }) => phone.signIn('bob'),
  'phone-again': ({ phone }) => phone.open(),
  async replay(workstation) {
    if (workstation.user?.method !== 'kerberos') workstation.user = { name: 'alice', method: 'kerberos' }
    const first = await workstation.get('/me')
    await first.arrayBuffer()
    return workstation.replay('/me')
  },
}

const ALICE = 'alice@AD.TEST'
const WEB = 'HTTP/web.ad.test@AD.TEST'
const API = 'HTTP/api.ad.test@AD.TEST'
/** With protocol transition the evidence is a ticket of web to its own account. */
const WEB_ITSELF = 'svc-web@AD.TEST'
const GATEWAY = 'HTTP/gateway.example.com@AD.TEST'

/**
 * The story as `npm start` tells it where nobody is looking, each scene with what must come of it.
 */
export const story = [
  scene('Nobody has signed in', 'orders', { status: 401, refusal: undefined }),
  scene('Alice signs in at her desktop and opens web', 'alice', { status: 200, principal: ALICE }),
  scene('She looks at her orders: web calls api as alice, api calls data as alice', 'orders', {
    status: 200,
    principal: ALICE,
    delegatedBy: [WEB, API],
    rows: 4,
  }),
  scene('Again: every ticket is in a cache, no KDC is asked', 'orders', {
    status: 200,
    principal: ALICE,
    exchanges: 0,
  }),
  scene('The archive itself lets web act for its users (resource-based delegation)', 'archive', {
    status: 200,
    principal: ALICE,
    delegatedBy: [WEB],
  }),
  scene('The vault is on no list: the KDC refuses, and the error says which setting is missing', 'vault', {
    status: 403,
    refusal: ['web', 'DelegationRefusedError', 'KDC_ERR_BADOPTION', 'target-not-allowed'],
  }),
  scene('Somebody sends a copy of her token', 'replay', {
    status: 401,
    refusal: ['web', 'RejectedTokenError', 'KRB_AP_ERR_REPEAT', undefined],
  }),
  scene('Bob signs in with the password form: web vouches for him (protocol transition)', 'form', {
    input: { name: 'bob', password: formPasswords.bob },
    status: 200,
    principal: 'bob@AD.TEST',
  }),
  scene('His orders, by the rule of data: only his own', 'orders', {
    status: 200,
    principal: 'bob@AD.TEST',
    delegatedBy: [WEB_ITSELF, API],
    rows: 1,
  }),
  scene('Carol signs in; web may know who she is', 'carol', { status: 200, principal: 'carol@AD.TEST' }),
  scene('But her account is sensitive, so nobody may act as carol', 'orders', {
    status: 403,
    refusal: ['web', 'DelegationRefusedError', 'KDC_ERR_BADOPTION', 'user-not-delegable'],
  }),
  scene('Bob is out, with a phone: a form at the gateway, Kerberos at intranet behind it', 'phone', {
    status: 200,
    principal: 'bob@AD.TEST',
    delegatedBy: [GATEWAY],
    rows: 1,
  }),
  scene('He looks again: the gateway knows his session, and shows intranet a fresh token', 'phone-again', {
    status: 200,
    principal: 'bob@AD.TEST',
    exchanges: 0,
  }),
]

function scene(title, action, expected) {
  return { title, action, input: expected.input ?? {}, expected }
}

/** What is not as it should be, in words; empty when the scene went right. */
export function mistakes({ expected }, { status, body, refusals, steps }) {
  const refusal = refusals[0] && [refusals[0].where, refusals[0].name, refusals[0].code, refusals[0].reason]
  const found = {
    status,
    refusal,
    principal: body.identity?.principal,
    delegatedBy: body.identity?.delegatedBy,
    rows: body.rows?.length,
    exchanges: steps.filter(({ kind }) => kind === 'exchange').length,
  }
  return Object.entries({ refusal: undefined, ...expected })
    .filter(([name, value]) => name in found && JSON.stringify(found[name]) !== JSON.stringify(value))
    .map(([name, value]) => `${name} is ${JSON.stringify(found[name])}, expected ${JSON.stringify(value)}`)
}
