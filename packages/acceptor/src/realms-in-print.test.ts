/**
 * A realm is a name that its KDC chose, and stands in errors, events and identities: what acts
 * where it is printed is a code there.
 */
import { describe, expect, test } from 'vitest'
import type { AcceptorOptions } from './options/acceptor-options.js'
import { createAcceptor } from './create-acceptor.js'
import {
  DOMAIN_SID,
  entryOf,
  issue,
  type IssueOptions,
  keyOf,
  keytabOf,
  logonInfo,
  NOW,
  oddToken,
  SERVICE_KEY,
  SPN,
} from './fixtures/issued-token.js'

const EVIL = '<IMG SRC=X>\u202e\u001b[2J'
const ACTS = /[\p{Cc}\p{Cf}<>]/u
const attributes = 7
const logon = (changes: Parameters<typeof logonInfo>[0] = {}) =>
  logonInfo({ logonDomainId: 'S-1-5-21-7-7-7', ...changes })
const who = (pac: IssueOptions['pac'], part: IssueOptions['part'] = {}): IssueOptions => ({
  client: 'oscar',
  realm: EVIL,
  pac,
  part,
})

const cases: [string, IssueOptions, AcceptorOptions?][] = [
  ['is honest', who({ logonInfo: logon() })],
  ['calls its user one of ours', who({ logonInfo: logonInfo() })],
  [
    'calls its user Local System',
    who({ logonInfo: logon({ userId: 0, extraSids: [{ sid: 'S-1-5-18', attributes }] }) }),
  ],
  ['has no domain', who({ logonInfo: logon({ logonDomainId: 'S-1-5-32' }) })],
  ['says a group of ours', who({ logonInfo: logon({ extraSids: [{ sid: `${DOMAIN_SID}-512`, attributes }] }) })],
  [
    'says names like its own',
    who({
      logonInfo: logon(),
      upnDnsInfo: { upn: EVIL, dnsDomainName: EVIL, flags: 0, extended: undefined },
      clientClaims: [{ source: 1, claims: [{ id: EVIL, type: 'string', values: ['x'] }] }],
      delegationInfo: { s4u2proxyTarget: EVIL, transitedServices: [EVIL] },
    }),
  ],
  ['has another name in the PAC', who({ logonInfo: logon(), clientInfo: { clientId: 0n, name: EVIL } })],
  ['gives no PAC', who(false)],
  ['gives no PAC, where one is required', who(false), { requirePac: true }],
  ['is not trusted', who({ logonInfo: logon() }), { trustedRealms: ['AD.TEST'] }],
  ['came a long way', who(false, { transited: { trType: 1, contents: new Uint8Array([65]) } })],
  ['has another domain than options say', who({ logonInfo: logon() }), { domainSids: { [EVIL]: 'S-1-5-21-8-8-8' } }],
  [
    'is one of our own, in a ticket of the other',
    who({ logonInfo: logon() }),
    { keytab: keytabOf(entryOf(SPN, 1, SERVICE_KEY), entryOf(SPN, 1, keyOf(3), EVIL)) },
  ],
]

/**
 * All texts in it but what is meant to be read by programs: octets, tickets, and the PAC itself.
 */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return []
  const more = value instanceof Error ? [value.message, value.cause] : []
  return [...more, ...Object.entries(value).flatMap(([key, each]) => (key === 'stack' ? [] : [each]))].flatMap(textsIn)
}

function thrownBy(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}

describe.each([
  ['after a user of ours', true],
  ['before any user of ours', false],
])('%s, a realm with characters that act', (_when, isKnown) => {
  test.each(cases.map(([what, issued, options = {}]) => ({ what, issued, options })))(
    'that $what acts nowhere',
    async ({ issued, options }) => {
      const told: unknown[] = []
      const ownTicket = (): Promise<never> => Promise.reject(new Error('\u202efault\u001b[2J'))
      const onEvent: AcceptorOptions['onEvent'] = (event) => void told.push(event)
      const acceptor = createAcceptor({ keytab: keytabOf(), now: () => NOW, onEvent, ownTicket, ...options })
      if (isKnown) await acceptor.accept(oddToken(issue()))
      const outcome = await acceptor.accept(oddToken(issue(issued)))
      if (outcome.status === 'refused') told.push(outcome.error, outcome.error.hint)
      if (outcome.status === 'accepted') {
        const { identity } = outcome
        const { principal, name, realm, upn, withheld, groupsUnknown, delegationToldBy, delegatedBy } = identity
        told.push({ principal, name, realm, upn, withheld, groupsUnknown, delegationToldBy, delegatedBy })
        told.push(thrownBy(() => identity.isInGroup(`${DOMAIN_SID}-512`)))
        told.push(thrownBy(() => identity.accessCheck('D:(A;;FR;;;BA)', 'FR')))
      }
      const texts = textsIn(told)
      expect(texts.some((text) => text.includes('IMG SRC=X'))).toBe(true)
      expect(texts.filter((text) => ACTS.test(text))).toEqual([])
    },
  )
})
