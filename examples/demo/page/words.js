/** What is said of a step: on the arrow, in the caption, in the list. */
import { element, facts, mono } from './dom.js'

const ENCRYPTION = {
  'aes256-cts-hmac-sha1-96': 'AES-256',
  'aes128-cts-hmac-sha1-96': 'AES-128',
  'aes256-cts-hmac-sha384-192': 'AES-256/SHA-2',
  'aes128-cts-hmac-sha256-128': 'AES-128/SHA-2',
}

export function edgeOf({ kind, from, to }) {
  return kind === 'answer' ? `${to}-${from}` : `${from}-${to}`
}

/** What a KDC says that is no refusal: what the client has to do next. */
const NO_REFUSALS = {
  KDC_ERR_PREAUTH_REQUIRED: { gist: 'prove your key first', sentence: 'the KDC asks it to prove its key first' },
  KRB_ERR_RESPONSE_TOO_BIG: {
    gist: 'too big for UDP: ask again over TCP',
    sentence: 'the answer is too big for a datagram, so the KDC asks it to come by TCP',
  },
}

export function isRefused({ kind, outcome, status }) {
  if (kind === 'exchange') return outcome !== 'issued' && !(outcome in NO_REFUSALS)
  return kind === 'answer' && status >= 400
}

export function edgeLabel(step, shown) {
  const { kind, token, cookie } = step
  if (kind === 'exchange') {
    const here = [...shown, step].filter((other) => other.kind === 'exchange' && other.from === step.from)
    return [...new Set(here.map(({ exchange }) => exchange))].join(', ')
  }
  if (token) return token.ticket.service
  return cookie ? 'session cookie' : 'no token'
}

/** Two lines under an arrow: what kind of ticket, and what came back how fast. */
export function edgeNotes(step, shown) {
  if (step.kind === 'exchange') {
    const here = shown.filter((other) => other.kind === 'exchange' && other.from === step.from)
    const total = here.reduce((sum, { milliseconds = 0 }) => sum + milliseconds, 0)
    const way = step.via ? `by ${step.via.toUpperCase()}` : `${total.toFixed(1)} ms`
    return [isRefused(step) ? step.outcome.replace('KDC_ERR_', '') : way]
  }
  if (step.kind === 'answer') return [undefined, `${step.status} · ${step.milliseconds} ms`]
  if (step.token === undefined) return [step.cookie ? 'no Kerberos' : '', '']
  return [
    [step.copied ? 'copied' : step.fromCache ? 'cached' : 'new', cipherName(step.token.ticket.encryptionType)].join(
      ' · ',
    ),
    '',
  ]
}

/** One sentence for whoever watches or listens. */
export function sentence(step) {
  const { kind, from, to, line, token, status, proof, challenge } = step
  if (kind === 'exchange') return exchangeSentence(step)
  if (kind === 'answer') {
    const rest = challenge ? ': it wants Kerberos' : proof ? ', and proves that it is the right server' : ''
    return `${from} answers ${to} with ${status}${rest}.`
  }
  if (token === undefined) return `${from} sends ${line} to ${to} with ${withoutToken(step)}.`
  if (step.copied) return `Somebody sends ${line} to ${to}, with a copy of the same token.`
  const ticket = step.fromCache ? 'a ticket from its cache' : 'the new ticket'
  return `${from} sends ${line} to ${to}, with ${ticket} of ${token.ticket.client}.`
}

function exchangeSentence({ from, exchange, service, user, outcome, delegation }) {
  if (outcome in NO_REFUSALS) return `${from} asks for a ticket; ${NO_REFUSALS[outcome].sentence}.`
  const what = {
    AS: 'signs in',
    TGS: `asks for a ticket to ${service}`,
    S4U2Self: `asks for a ticket to itself in the name of ${user}, who showed none (protocol transition)`,
    S4U2Proxy: `shows ${user}'s ticket and asks for one to ${service} in that name`,
  }
  const allowed = delegation === 'resource-based' ? 'issued, because the target names web' : 'issued'
  return `${from} ${what[exchange] ?? exchange}: ${outcome === 'issued' ? allowed : outcome}.`
}

/** The line of the code that is at work. */
export function lineAtWork({ kind, from, to, challenge }) {
  if (kind === 'request' && to === 'web') return /app\.use/
  if (kind === 'answer' && from === 'web' && challenge) return /app\.use/
  if (kind === 'answer' && from === 'web') return /res\./
  return from === 'web' || to === 'web' ? /caller\.fetch/ : undefined
}

/** The first line of a step in the list. */
export function headline(step) {
  const { kind, from, to, line, status } = step
  const place = (name) => (name === 'kdc' ? 'KDC' : name)
  const way = `${place(from)} ${kind === 'exchange' ? '⇄' : '→'} ${place(to)}`
  const what = { exchange: exchangeName(step), request: line, answer: String(status) }[kind]
  const took = kind === 'request' ? '' : (milliseconds(step) ?? step.via?.toUpperCase() ?? '')
  return [
    element('span', { class: 'way' }, way),
    element('span', { class: 'what' }, what),
    element('span', { class: 'took' }, took),
  ]
}

function exchangeName({ exchange, service, user }) {
  return [exchange, service, user && `as ${user.replace(/@.*/, '')}`].filter(Boolean).join(' ')
}

/** The second line: what was on the arrow, in short. */
export function gist(step) {
  const { kind, outcome, ntStatus, delegation, token, ticket, cookie, proof, challenge } = step
  if (kind === 'answer')
    return challenge ? 'WWW-Authenticate: Negotiate' : proof ? 'with proof that it is the right server' : ''
  if (kind === 'request') {
    if (token === undefined) return cookie ? 'session cookie, no token' : withoutToken(step)
    return ['SPNEGO', token.ticket.service, ...ticketGist(token.ticket), origin(step)].join(' · ')
  }
  if (outcome in NO_REFUSALS) return NO_REFUSALS[outcome].gist
  if (outcome !== 'issued') return [outcome, ntStatus].filter(Boolean).join(' · ')
  return [delegation ? `issued (${delegation})` : 'issued', ...(ticket ? ticketGist(ticket) : [])].join(' · ')
}

function origin({ copied, fromCache }) {
  return copied ? 'the same token again' : fromCache ? 'from the cache' : 'new from the KDC'
}

function ticketGist(ticket) {
  return [cipherName(ticket.encryptionType), forwardable(ticket), duration(ticket.expiresAt - ticket.startsAt)]
}

/** All that was on the arrow. */
export function details(step) {
  if (step.kind === 'exchange') return exchangeFacts(step)
  if (step.kind === 'answer') {
    return facts({
      Status: String(step.status),
      Header: step.challenge ? mono('WWW-Authenticate: Negotiate') : undefined,
      'Mutual authentication': step.proof ? 'the server proved that it could open the ticket' : undefined,
      Took: milliseconds(step),
    })
  }
  const { token, host, line } = step
  return facts({
    Request: mono(`${line}  Host: ${host}`),
    Token: token ? `${token.kind}, ${token.octets} octets` : withoutToken(step),
    'Ticket from':
      token &&
      (step.copied ? 'a copy of the whole token' : step.fromCache ? 'cache: no KDC was asked' : 'the KDC, just now'),
    ...(token && ticketFacts(token.ticket)),
    'Wants proof': token && (token.mutual ? 'yes (mutual authentication)' : 'no'),
  })
}

function exchangeFacts(step) {
  const { exchange, client, service, user, outcome, ntStatus, reason, delegation, evidence, ticket, via } = step
  const listed = { constrained: 'the list of the service that asks', 'resource-based': 'the list of the target' }
  return facts({
    Exchange: exchange,
    'Asked by': client && mono(client),
    'For a ticket to': service && mono(service),
    'In the name of': user && mono(user),
    Evidence:
      evidence &&
      `${evidence.origin === 'presented' ? 'the ticket that was presented to it' : 'its own S4U2Self ticket'}, ${forwardable(evidence)}`,
    Answer: [outcome, ntStatus].filter(Boolean).join(', '),
    Reason: outcome in NO_REFUSALS ? undefined : reason,
    Over: via && `the network, by ${via.toUpperCase()}`,
    'Allowed by': delegation && listed[delegation],
    ...(ticket && ticketFacts(ticket)),
    Octets: `${step.requestOctets} there, ${step.replyOctets} back`,
    Took: milliseconds(step),
  })
}

function ticketFacts({
  client,
  service,
  encryptionType,
  sessionKeyType,
  flags,
  startsAt,
  expiresAt,
  transitedServices,
}) {
  return {
    "Ticket's client": mono(client),
    "Ticket's service": mono(service),
    'Encryption type': mono(encryptionType),
    'Session key': mono(sessionKeyType),
    Flags: flags.join(', '),
    'Services on the way': transitedServices.length > 0 ? mono(transitedServices.join(', then ')) : undefined,
    Lifetime: `${duration(expiresAt - startsAt)}, until ${clock(expiresAt)}`,
  }
}

export function cipherName(encryptionType) {
  return ENCRYPTION[encryptionType] ?? encryptionType
}

export function forwardable({ flags }) {
  return flags.includes('forwardable') ? 'forwardable' : 'not forwardable'
}

export function clock(time) {
  return new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
}

function duration(time) {
  const minutes = Math.round(time / 60_000)
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Nobody knows how long the exchanges of others took. */
function milliseconds(step) {
  return step.milliseconds === undefined ? undefined : `${step.milliseconds} ms`
}

function withoutToken({ cookie, unreadable }) {
  if (unreadable) return 'a token that no service here has a key for'
  return cookie ? 'a session cookie' : 'no token'
}
