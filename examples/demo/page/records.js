/** Ticket caches, audit records and code. */
import { element, mono } from './dom.js'
import { cipherName, clock, forwardable } from './words.js'

const HOLDERS = { browser: 'The workstation', web: 'web', api: 'api', gateway: 'The gateway' }

export function cachesOf(tickets) {
  if (tickets.length === 0) return [element('p', { class: 'empty' }, 'All empty. The first request fills them.')]
  return Object.entries(HOLDERS).flatMap(([holder, name]) => {
    const held = tickets.filter((ticket) => ticket.holder === holder)
    return held.length === 0 ? [] : [element('h3', {}, name), element('ul', { class: 'tickets' }, held.map(ticketItem))]
  })
}

function ticketItem(ticket) {
  const { service, client, obtainedBy, uses, encryptionType, expiresAt } = ticket
  const used = uses > 0 ? `shown ${uses}×` : obtainedBy === 'AS' ? 'for the KDC only' : 'evidence for the KDC'
  const words = [obtainedBy, cipherName(encryptionType), forwardable(ticket), `until ${clock(expiresAt)}`, used]
  return element(
    'li',
    {},
    element('p', {}, mono(client), ' → ', mono(service)),
    element('p', { class: 'note' }, words.join(' · ')),
  )
}

export function auditItem(record) {
  const { time, channel, outcome, kind, exchange, client, service, user, code, delegatedBy, transitedServices } = record
  const refused = outcome?.startsWith('KDC_ERR') ? outcome !== 'KDC_ERR_PREAUTH_REQUIRED' : outcome === 'refused'
  const via = (delegatedBy ?? transitedServices ?? []).map(bare)
  const words = [
    exchange ?? outcome ?? kind,
    bare(client ?? ''),
    service && `at ${bare(service)}`,
    user && `as ${bare(user)}`,
    via.length > 0 && `through ${via.join(', ')}`,
    exchange ? outcome : code,
  ]
  return element(
    'li',
    {},
    element(
      'details',
      {},
      element(
        'summary',
        { class: refused ? 'bad' : undefined },
        element('time', {}, new Date(time).toLocaleTimeString([], { hour12: false })),
        element('span', {}, words.filter(Boolean).join(' ')),
        element('small', {}, channel),
      ),
      element('pre', { tabindex: '0', 'aria-label': 'record' }, JSON.stringify(record, null, 2)),
    ),
  )
}

/** Without the realm, which is the same everywhere here. */
function bare(principal) {
  return principal.replace(/@.*/, '')
}

const TOKENS = /(\/\/.*)|('[^']*')|\b(import|from|const|async|await)\b/g

/** Lines as elements, with as much colour as they need. */
export function codeLines(source) {
  return source.split('\n').map((line) => element('span', { class: 'line' }, coloured(line)))
}

function coloured(line) {
  const parts = []
  let end = 0
  for (const match of line.matchAll(TOKENS)) {
    const [text, comment, string] = match
    parts.push(
      line.slice(end, match.index),
      element('span', { class: comment ? 'comment' : string ? 'string' : 'keyword' }, text),
    )
    end = match.index + text.length
  }
  return [...parts, `${line.slice(end)}\n`]
}
