import { mistakes, story, actions } from './scenes.mjs'

/** Plays the whole story and tells it as text. Returns whether it was the right one. */
export async function tell(world, print = console.log) {
  print(`s4u: Kerberos sign-in and delegation, on the embedded realm ${world.realm.realm}`)
  print('browser → web (Express) → api (Koa) → data (Koa), and what flows between them')
  let right = 0
  for (const [index, scene] of story.entries()) {
    print(`\n${index + 1}. ${scene.title}`)
    const result = await world.play((workstation) => actions[scene.action](workstation, scene.input))
    for (const line of [...result.steps.map(describe), ...endOf(result, world)]) print(`   ${line}`)
    const wrong = mistakes(scene, result)
    for (const mistake of wrong) print(`   WRONG: ${mistake}`)
    if (wrong.length === 0) right++
  }
  print(`\n${right} of ${story.length} scenes went as they should`)
  return right === story.length
}

/** One arrow in one line. */
export function describe(step) {
  switch (step.kind) {
    case 'exchange':
      return row(step.from, '⇄', 'KDC', [
        exchangeName(step),
        exchangeOutcome(step),
        ...ticketWords(step.ticket),
        ms(step),
      ])
    case 'request':
      return row(step.from, '→', step.to, [step.line, ...tokenWords(step)])
    default:
      return row(step.to, '←', step.from, [answerWords(step), ms(step)])
  }
}

function exchangeName({ exchange, service, user }) {
  return `${exchange} ${service}${user ? ` as ${user}` : ''}`
}

function exchangeOutcome({ outcome, delegation, ntStatus }) {
  if (outcome === 'issued') return delegation ? `issued (${delegation})` : 'issued'
  if (outcome === 'KDC_ERR_PREAUTH_REQUIRED') return 'the KDC wants the password proved first'
  return [outcome, ntStatus].filter(Boolean).join(' ')
}

function tokenWords({ token, copied, fromCache, cookie }) {
  if (token === undefined) return [cookie ? 'session cookie, no token' : 'no token']
  return [
    `${token.kind}, ${token.octets} octets`,
    token.ticket.service,
    copied ? 'the same token again' : fromCache ? 'ticket from cache' : 'new ticket',
    ...ticketWords(token.ticket),
  ]
}

function ticketWords(ticket) {
  if (ticket === undefined) return []
  return [
    ticket.encryptionType,
    lifetime(ticket),
    ticket.flags.includes('forwardable') ? 'forwardable' : 'not forwardable',
  ]
}

function answerWords({ status, proof, challenge }) {
  if (proof) return `${status}, and the server's proof that it is the right one`
  return challenge ? `${status}, WWW-Authenticate: Negotiate` : String(status)
}

function lifetime({ startsAt, expiresAt }) {
  const minutes = Math.round((expiresAt - startsAt) / 60_000)
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

function ms({ milliseconds }) {
  return `${milliseconds} ms`
}

function row(from, arrow, to, words) {
  return `${from.padEnd(7)} ${arrow} ${to.padEnd(7)}  ${words.join(' · ')}`
}

function* endOf({ body, refusals, steps }, { groupNames }) {
  for (const { where, name, code, message, hint } of refusals) {
    yield `${where}'s log: ${name} ${code}: ${message}`
    for (const line of hint?.split('\n') ?? []) yield `  ${line}`
  }
  if (body.identity) {
    const { principal, groups, delegatedBy, authenticationMethod, assertedBy } = body.identity
    const names = groups.map((sid) => groupNames[sid] ?? sid).filter((name) => !name.endsWith('asserted identity'))
    const by = delegatedBy.length > 0 ? `, through ${delegatedBy.join(', then ')}` : ''
    yield `${body.service ?? 'web'} sees ${principal} (${authenticationMethod}, asserted by ${assertedBy}), groups ${names.join(', ')}${by}`
  }
  if (body.rows) yield `${body.rows.length} rows: ${body.rule}`
  if (steps.at(-1)?.challenge && refusals.length === 0) yield 'web says that it wants Kerberos'
}
