/**
 * What came of a scene: the identity as the last backend sees it, or the refusal as a developer
 * gets it.
 */
import { element, facts, mono } from './dom.js'
import { clock } from './words.js'

export function outcomeOf({ status, body, refusals, steps, caller }, groupNames) {
  const parts = [verdict({ status, body, refusals, caller, challenged: steps.at(-1)?.challenge })]
  parts.push(...refusals.map((refusal) => refusalCard(refusal)))
  if (body.identity) parts.push(identityCard(body, groupNames))
  if (body.rows) parts.push(rowsOf(body))
  return parts
}

function verdict(result) {
  const good = result.status < 400
  return element('p', { class: `verdict ${good ? 'good' : 'bad'}` }, good ? goodNews(result) : badNews(result))
}

function goodNews({ status, body }) {
  if (body.identity === undefined) return `The answer is ${status}.`
  const { principal } = body.identity
  return body.service ? `${body.service} answered ${principal}.` : `web knows who is calling: ${principal}.`
}

function badNews({ status, body, refusals, caller = 'The browser', challenged }) {
  if (refusals.length > 0) {
    const rest = body.error ? `, “${body.error.replace(/\.$/, '')}”` : ', and that Kerberos is wanted'
    return `Refused. ${caller} learned only this: ${status}${rest}.`
  }
  if (challenged)
    return 'Nobody is signed in: web answers 401 and WWW-Authenticate: Negotiate. A browser in the domain takes that as its cue to send a ticket.'
  return body.error ? `web itself says no: ${body.error}. No KDC was asked.` : `The answer is ${status}.`
}

function refusalCard({ where, name, code, message, hint, reason }) {
  return element(
    'article',
    { class: 'refusal' },
    element('p', { class: 'where' }, `In the log of ${where}`),
    element('h3', {}, name, ' ', element('code', { class: 'code-chip' }, code)),
    reason && element('p', { class: 'reason' }, 'reason: ', mono(reason)),
    element('p', { class: 'message' }, message),
    hint && element('h4', {}, 'hint'),
    hint && element('pre', { class: 'hint', tabindex: '0', 'aria-label': 'hint' }, hint),
  )
}

function identityCard({ identity, service = 'web' }, groupNames) {
  const { principal, upn, sid, authenticationMethod, impersonationLevel, assertedBy, delegatedBy, groups, expiresAt } =
    identity
  return element(
    'article',
    { class: 'identity' },
    element('h3', {}, `The caller, as ${service} sees it`),
    facts({
      principal: mono(principal),
      upn: upn && mono(upn),
      sid: sid && mono(sid),
      authenticationMethod,
      impersonationLevel,
      assertedBy:
        assertedBy && `${assertedBy} (${assertedBy === 'service' ? 'on the word of web' : 'the KDC saw a password'})`,
      delegatedBy: delegatedBy.length > 0 ? chain(delegatedBy) : 'nobody: the caller came in person',
      groups: element(
        'ul',
        { class: 'groups' },
        groups.map((group) => groupItem(group, groupNames)),
      ),
      expiresAt: clock(expiresAt),
    }),
  )
}

/** The transited services, nearest last. */
function chain(services) {
  return element(
    'ol',
    { class: 'chain' },
    services.map((service) => element('li', {}, mono(service))),
  )
}

function groupItem(sid, groupNames) {
  return element('li', {}, element('b', {}, groupNames[sid] ?? 'a group'), ' ', mono(sid))
}

function rowsOf({ rows, rule, service }) {
  const columns = Object.keys(rows[0] ?? {})
  const cells = (name, values) => values.map((value) => element(name, name === 'th' ? { scope: 'col' } : {}, value))
  return element(
    'article',
    { class: 'rows' },
    element('h3', {}, `The answer of ${service}`),
    element('p', { class: 'note' }, rule),
    element(
      'table',
      {},
      element('thead', {}, element('tr', {}, cells('th', columns))),
      element(
        'tbody',
        {},
        rows.map((row) => element('tr', {}, cells('td', Object.values(row)))),
      ),
    ),
  )
}
