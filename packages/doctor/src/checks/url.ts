import type { Check } from '../engine/check.js'
import { failed, ok, skipped, type Verdict, warning } from '../engine/finding.js'
import { headerLength } from '../facts/own-token.js'
import type { ServiceFacts } from '../facts/service-facts.js'
import { chosenProtocol, type HttpAnswer } from '../observing/http-probe.js'
import { clockVerdict } from './clocks.js'
import { connectionVerdict } from './url-connection.js'
import { urlSignInChecks } from './url-sign-in.js'

/** The service itself, as a browser meets it. */
export const urlChecks: readonly Check<ServiceFacts>[] = [
  {
    name: 'url',
    title: 'The service answers',
    needs: ['dns-address'],
    run: async (facts, signal) => {
      if (facts.url === undefined) return []
      const answer = await facts.ask({}, signal).catch((error: unknown) => {
        signal.throwIfAborted()
        return { error }
      })
      if ('error' in answer) return [connectionVerdict(answer.error, facts.url)]
      const { status, header } = answer
      const [server = 'nobody says which'] = header('server')
      const via = header('via')
      const through = via.length > 0 ? `, through ${via.join(', ')}` : ''
      return [ok(`It answers with ${status} (server: ${server}${through}).`)]
    },
  },
  {
    name: 'url-challenge',
    title: 'The service asks for Negotiate, before anything else',
    needs: ['url'],
    run: async (facts, signal) =>
      facts.options.url === undefined ? [] : challengeVerdicts(await facts.ask({}, signal)),
  },
  {
    name: 'clock-of-service',
    title: 'The clock of the service agrees',
    needs: ['url'],
    run: async (facts, signal) => {
      if (facts.options.url === undefined) return []
      const { date } = await facts.ask({}, signal)
      // An HTTP date has no fraction of a second.
      return date === undefined ? [] : [clockVerdict(await facts.host(), date + 500 - facts.now())]
    },
  },
  {
    name: 'url-header-size',
    title: 'Headers with large tickets get through',
    needs: ['url'],
    run: headerVerdicts,
  },
  {
    name: 'url-http2',
    title: 'The protocol of the connection suits Negotiate',
    needs: ['url'],
    run: async (facts, signal) => {
      if (facts.url?.protocol !== 'https:') return []
      const protocol = await chosenProtocol(await facts.probe(signal))
      if (protocol !== 'h2') return [ok(`It speaks ${protocol}.`)]
      return [ok('It speaks HTTP/2: negotiations of one leg work there, and those of several legs do not.')]
    },
  },
  ...urlSignInChecks,
]

function challengeVerdicts({ status, header }: HttpAnswer): readonly Verdict[] {
  const schemes = header('www-authenticate').flatMap(schemesIn)
  const offered = schemes.length > 0 ? schemes.join(', ') : 'none'
  if (status >= 300 && status < 400)
    return [skipped(`It sends everybody on to ${header('location')[0] ?? 'another page'}.`)]
  if (status !== 401)
    return [
      warning(`It answers ${status} to a caller without a token, and does not ask for one.`, {
        why: 'Either the page is for everybody, or something in front of the service has signed the caller in.',
        hint: 'Name a URL that needs a sign-in, or set mode: "required".',
      }),
    ]
  const at = schemes.findIndex((scheme) => /^negotiate$/i.test(scheme))
  if (at < 0)
    return [
      failed(`It answers 401 and offers ${offered}, and not Negotiate.`, {
        why: 'No client sends a ticket. A proxy in front may have taken the header away.',
        hint: 'Put negotiate() before the routes, and let the proxy pass WWW-Authenticate on.',
      }),
    ]
  if (at === 0) return [ok(`It answers 401 and offers ${offered}.`)]
  return [
    warning(`It offers ${offered}: Negotiate is not the first.`, {
      why: 'Some clients take the first scheme that they know.',
      hint: 'Offer Negotiate first.',
    }),
  ]
}

/**
 * A value may have several challenges, and a challenge has parameters:
 * `NTLM, Digest realm="x", qop="auth"`.
 */
function schemesIn(value: string): readonly string[] {
  const elements = value.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').split(',')
  return elements.flatMap((element) => /^\s*([A-Za-z][\w-]*)(?=\s|$)(?!\s*=)/.exec(element)?.[1] ?? [])
}

/**
 * Characters of a header: what Node takes by default, and what a ticket with 1,000 groups needs.
 */
const SIZES = [8_000, 15_000, 30_000, 60_000] as const

/** `Negotiate` and the largest token of Windows, 48,000 octets, in base64 (MaxTokenSize). */
const LARGEST_TOKEN = 64_011

async function headerVerdicts(facts: ServiceFacts, signal: AbortSignal): Promise<readonly Verdict[]> {
  if (facts.options.url === undefined) return []
  const taken = await largestHeader(facts, signal)
  const needed = facts.options.as === undefined ? undefined : await headerOfUser(facts)
  const largest = SIZES[SIZES.length - 1]
  if (taken === largest) return [ok(`Headers of ${largest} characters get through.`)]
  const details = {
    why: `The ticket of a user in many groups makes a header of up to ${LARGEST_TOKEN} characters; a proxy in front has a limit of its own.`,
    hint: 'Node: http.createServer({ maxHeaderSize: 65_536 }); nginx: large_client_header_buffers 4 64k;',
  }
  if (needed !== undefined && needed > taken)
    return [failed(`Headers of ${taken} characters get through; ${facts.options.as} needs ${needed}.`, details)]
  return [warning(`Headers of ${taken} characters get through, and larger ones do not.`, details)]
}

function headerOfUser(facts: ServiceFacts): Promise<number | undefined> {
  return facts.userTicket().then(
    (ticket) => headerLength(ticket, facts.now),
    () => undefined,
  )
}

async function largestHeader(facts: ServiceFacts, signal: AbortSignal): Promise<number> {
  let taken = 0
  for (const size of SIZES) {
    // Not an Authorization header: that would be counted as an attempt to sign in.
    const status = await facts.ask({ 'x-s4u-doctor': 'x'.repeat(size) }, signal).then(
      (answer) => answer.status,
      () => 431,
    )
    if ([400, 413, 431, 494, 502].includes(status)) break
    taken = size
  }
  return taken
}
