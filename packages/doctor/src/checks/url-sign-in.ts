import { findNegotiateChallenge } from '@s4u/gssapi'
import { S4uError } from '@s4u/krb5'
import type { Check } from '../engine/check.js'
import { failed, ok, type Verdict, warning } from '../engine/finding.js'
import { signIn, type SignInAnswer } from '../facts/url-sign-in.js'
import type { ServiceFacts } from '../facts/service-facts.js'

/** A whole sign-in at the service: as the user where one is named, else as the service itself. */
export const urlSignInChecks: readonly Check<ServiceFacts>[] = [
  {
    name: 'url-sign-in',
    title: 'The service accepts a ticket, and proves itself',
    needs: ['url-challenge', 'keytab-current'],
    unless: ['s4u2self', 'url-header-size', 'clock-of-service'],
    run: async (facts, signal) => (facts.url === undefined ? [] : [await signInVerdict(facts, signal)]),
  },
  {
    name: 'url-cookies',
    title: 'Cookies of the service are kept from scripts, other sites and plain HTTP',
    needs: ['url-sign-in'],
    run: async (facts, signal) => {
      if (facts.url === undefined) return []
      const { response } = await signIn(facts, { signal })
      const isSecure = facts.url.protocol === 'https:'
      return response.header('set-cookie').flatMap((cookie) => cookieVerdict(cookie, isSecure))
    },
  },
]

async function signInVerdict(facts: ServiceFacts, signal: AbortSignal): Promise<Verdict> {
  const answer = await signIn(facts, { signal })
  const { status } = answer.response
  const who = facts.options.as ?? (await facts.principal())
  if (status === 401) return refused(who, answer)
  if (status === 403) return ok(`It knows ${who}, and does not let that caller in there (403).`)
  const fault = proofFault(answer)
  if (fault !== undefined) return unproven(who, status, fault)
  const demands = facts.url?.protocol === 'https:' && (await demandsBindings(facts, signal))
  return ok(`It signs ${who} in (${status}), and proves itself${demands ? '; it demands channel bindings' : ''}.`)
}

/** The code of what is wrong with the service's proof; undefined where it has proved itself. */
function proofFault({ response, initiator }: SignInAnswer): string | undefined {
  try {
    initiator.step(findNegotiateChallenge(response.header('www-authenticate'))?.token)
    return undefined
  } catch (error) {
    if (S4uError.is(error)) return error.code
    throw error
  }
}

async function demandsBindings(facts: ServiceFacts, signal: AbortSignal): Promise<boolean> {
  const { response } = await signIn(facts, { signal, withoutBindings: true })
  return response.status === 401
}

function refused(who: string, { response }: SignInAnswer): Verdict {
  const hasToken = response.header('www-authenticate').some((value) => /^negotiate\s+\S/i.test(value))
  return failed(`It refuses the ticket of ${who} (401${hasToken ? ', with a token in reply' : ''}).`, {
    why: 'The KDC and this keytab agree, so the service has another keytab, demands more, or never saw the header.',
    hint: 'Look at the log of the service (NODE_DEBUG=s4u): which keytab does it use, does it demand channel bindings or groups, and does a proxy in front pass Authorization on?',
  })
}

function unproven(who: string, status: number, code: string): Verdict {
  return warning(`It answers ${status} to ${who}, and does not prove that it has the key.`, {
    code,
    why: 'Anybody could have answered; a delegated fetch refuses such an answer.',
    hint: 'Let the proxy in front pass the WWW-Authenticate header of a 200 on.',
  })
}

function cookieVerdict(cookie: string, isSecure: boolean): readonly Verdict[] {
  const [name = ''] = cookie.split('=')
  const missing = [
    ...(isSecure && !/;\s*secure/i.test(cookie) ? ['Secure'] : []),
    ...(/;\s*httponly/i.test(cookie) ? [] : ['HttpOnly']),
    ...(/;\s*samesite=/i.test(cookie) ? [] : ['SameSite']),
  ]
  if (missing.length === 0) return [ok(`The cookie ${name} has its attributes.`, { subject: name })]
  return [
    warning(`The cookie ${name} lacks ${missing.join(', ')}.`, {
      subject: name,
      why: 'A session cookie is as good as the ticket that it was given for.',
      hint: 'Set the attributes where the cookie is made.',
    }),
  ]
}
