/**
 * What is mutated, and which tests are to notice it. A scope is a package: Stryker runs once for
 * each.
 */
import { existsSync, statSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'

/**
 * `trusted`: the files and folders that decide whom to believe, and so are mutated when nothing is
 * named; all of the package where it is left out. `tests`: what runs beside the tests of the
 * package itself.
 *
 * @type {Record<string, { trusted?: string[], tests?: string[] }>}
 */
export const packages = {
  acceptor: {},
  fastify: { tests: ['test/stories/fastify.test.ts'] },
  gssapi: {},
  hono: { tests: ['test/stories/hono.test.ts', 'test/stories/relayed-answers.test.ts'] },
  nest: {
    tests: ['test/stories/nest.test.ts', 'test/stories/nest-sockets.test.ts', 'test/stories/nest-graphql.test.ts'],
  },
  passport: { tests: ['test/stories/passport.test.ts'] },
  'kdc-client': {
    trusted: [
      'as-exchange/as-exchange.ts',
      'as-exchange/as-session.ts',
      'as-exchange/as-padata.ts',
      'exchange/method-data.ts',
      'as-exchange/as-reply.ts',
      'exchange/open-reply.ts',
      'tgs-exchange/tgs-exchange.ts',
      'tgs-exchange/tgs-reply.ts',
      'tgs-exchange/tgs-request.ts',
      'exchange/reply-flags.ts',
      'exchange/reply-times.ts',
      'tgs-exchange/referral.ts',
      'tickets/granting-ticket.ts',
      'as-exchange/user-realm.ts',
      'fast',
      'session/armor-source.ts',
      'otp',
      'as-exchange/as-key-choice.ts',
      'as-exchange/otp-exchange.ts',
      's4u/s4u-padata.ts',
      's4u/s4u2self.ts',
      's4u/s4u2proxy.ts',
      's4u/verify-own-ticket.ts',
      'delegation/delegation-plan.ts',
      'cache/ticket-key.ts',
      'cache/ticket-cache.ts',
      'cache/ticket-memory.ts',
      'tickets/ticket-times.ts',
      'session/trusted-realms.ts',
      'delegation/follow-plan.ts',
      'credentials/credentials.ts',
      'credentials/otp-authority.ts',
      'tickets/forwarded-ticket.ts',
      'credentials/ccache-authority.ts',
      'cache/ticket-in-ccache.ts',
      'credential-caches/own-place.ts',
      'credentials/keytab-authority.ts',
      'credentials/password-authority.ts',
      'session/own-tgt.ts',
      'session/given-tgt.ts',
      'session/signed-in-tgt.ts',
      'session/sign-in-backoff.ts',
      'tgs-exchange/ticket-renewal.ts',
      'cache/sealed-tickets.ts',
      'cache/shared-flight.ts',
      'tickets/service-target.ts',
      'delegation/delegation-refusal.ts',
      'network/kdc-race.ts',
      'network/failover.ts',
      'network/kdc-servers.ts',
      'async/fair-queue.ts',
    ],
    tests: [
      'test/kdc-client/fast-sign-in.test.ts',
      'test/kdc-client/fast-tickets.test.ts',
      'test/kdc-client/armor.test.ts',
      'test/kdc-client/one-time-password.test.ts',
      'test/hostile/kdc-client-lies.test.ts',
      'test/hostile/kdc-client-names.test.ts',
      'test/kdc-client/pre-authentication.test.ts',
      'test/hostile/kdc-client-replies.test.ts',
      'test/kdc-client/s4u.test.ts',
      'test/kdc-client/sign-in.test.ts',
      'test/kdc-client/stale-tgt.test.ts',
      'test/hostile/kdc-error-forger.test.ts',
      'test/hostile/mixed-users.test.ts',
      'test/hostile/named-realms.test.ts',
      'test/hostile/swapped-own-ticket.test.ts',
      'test/kdc-client/ticket-cache-inputs.test.ts',
    ],
  },
  fetch: {
    trusted: [
      'fetch/redirect.ts',
      'options/origin-list.ts',
      'options/learned-origins.ts',
      'fetch/create-fetch.ts',
      'fetch/negotiate-request.ts',
      'fetch/send-request.ts',
      'fetch/token-dispatcher.ts',
      'fetch/dispatcher-use.ts',
      'handlers/request-headers.ts',
      'answers/challenge-schemes.ts',
      'connections/connections.ts',
      'connections/backend-connector.ts',
      'negotiation/attempt.ts',
      'negotiation/token-issuer.ts',
      'authorization-for.ts',
      'interceptor.ts',
      'handlers/negotiating-handler.ts',
      'handlers/replayable-body.ts',
      'connections/proxy.ts',
      'connections/time-limits.ts',
      'service-names/service-name.ts',
      'service-names/canonical-host.ts',
    ],
  },
  negotiate: {
    trusted: [
      'session/cookie-session.ts',
      'session/cookie-pieces.ts',
      'session/sealed-box.ts',
      'session/session-options.ts',
      'session-rules.ts',
      'session/session-revocation.ts',
      'session/session-ticket.ts',
      'session/connection-session.ts',
      'http/cross-site.ts',
      'authenticate/upgrade.ts',
      'authenticate/caller-finder.ts',
      'authenticate/token-sign-in.ts',
      'delegation/delegator.ts',
      'delegation/delegation-policy.ts',
      'sign-in/protocol-transition.ts',
      'sign-in/password-sign-in.ts',
      'delegation/allowed-targets.ts',
      'authenticate/pending-negotiations.ts',
      'http/proxied.ts',
      'routes',
    ],
    tests: [
      'test/hostile/cross-site.test.ts',
      'test/hostile/session-thieves.test.ts',
      'test/stories/password-sign-in.test.ts',
      'test/stories/sessions.test.ts',
      'test/stories/upgrades.test.ts',
    ],
  },
  // What only a real server shows (the stores themselves) is tested in test/stores.
  redis: {
    trusted: [
      'sealing',
      'attempts/redis-attempts.ts',
      'connection/circuit.ts',
      'connection/integer-of.ts',
      'connection/redis-error.ts',
      'connection/redis-options.ts',
      'connection/server-facts.ts',
    ],
  },
  smb: {
    trusted: [
      ...['protection', 'wire', 'serving/url-path.ts', 'serving/conditions.ts', 'serving/content-headers.ts'],
      ...['connection/sign-in.ts', 'connection/negotiate.ts', 'connection/validate-negotiation.ts'],
      ...['connection/credits.ts', 'connection/request.ts', 'formats/file-name.ts', 'formats/file-information.ts'],
    ],
    tests: ['test/vectors/smb.test.ts', 'test/hostile/file-servers.test.ts'],
  },
  krb5: {
    trusted: [
      ...['asn1', 'bytes', 'messages', 'pac', 'crypto', 'files/left-out.ts'],
      ...['names/principal.ts', 'names/service-principal-name.ts'],
      ...['files/keytab.ts', 'files/keytab-records.ts', 'files/ccache.ts', 'files/ccache-records.ts'],
    ],
    tests: ['test/vectors/**/*.test.ts'],
  },
}

/**
 * Tests that give thousands of changed inputs: slow for each mutant, and a score must not depend on
 * luck.
 */
const luck = ['**/mutations.test.ts', '**/fuzz.test.ts', 'packages/*/src/**/hostile.test.ts']

/** Not mutated: tests and what serves them, and lists of names without a decision in them. */
const notMutated = ['**/*.test.ts', '**/fixtures/**', '**/index.ts']

/**
 * @typedef {{ name: string, mutate: string[], tests: string[] }} Scope `mutate` and `tests` are
 * globs below the root
 */

/**
 * Sorts the named packages, folders and files by package; with none named: what is trusted in every
 * package of the list.
 *
 * @param {string} root the repository
 * @param {string[]} names paths below `root`, or below `from`
 * @param {string} from where the names were typed
 * @returns {Scope[]}
 * @throws Error when a name leads nowhere, or to what is not the source of a package
 */
export function scopesOf(root, names, from = root) {
  const places = names.length === 0 ? defaultPlaces() : names.map((name) => placeOf(root, name, from))
  return [...byPackage(places)].map(([name, found]) => ({
    name,
    mutate: [...found.map((place) => globOf(root, place.path)), ...notMutated.map((glob) => `!${glob}`)],
    tests: [`packages/${name}/src/**/*.test.ts`, ...(packages[name]?.tests ?? []), ...luck.map((glob) => `!${glob}`)],
  }))
}

/** Whether a file was asked for: Stryker also reports what it knows of others from earlier runs. */
export function isAskedFor(scope, file) {
  return scope.mutate.some((glob) =>
    glob.endsWith(ALL) ? file.startsWith(glob.slice(0, 1 - ALL.length)) : glob === file,
  )
}

/** All sources below a folder. */
const ALL = '/**/*.ts'

function defaultPlaces() {
  return Object.entries(packages).flatMap(([name, { trusted = [''] }]) =>
    trusted.map((path) => ({ name, path: `packages/${name}/src${path === '' ? '' : `/${path}`}` })),
  )
}

function byPackage(places) {
  const found = new Map()
  for (const place of places) found.set(place.name, [...(found.get(place.name) ?? []), place])
  return found
}

function placeOf(root, name, from) {
  const path = [resolve(from, name), resolve(root, name)]
    .map((candidate) => relative(root, candidate).split(sep).join('/'))
    .find((candidate) => existsSync(join(root, candidate)))
  const [, packageName, below] = /^packages\/([^/]+)(?:\/src(\/.+)?)?\/?$/.exec(path ?? '') ?? []
  if (packageName === undefined) {
    throw new Error(`${name}: name a package (packages/gssapi), or a folder or a file below its src`)
  }
  return { name: packageName, path: `packages/${packageName}/src${below ?? ''}` }
}

function globOf(root, path) {
  const place = join(root, path)
  if (!existsSync(place)) throw new Error(`${path} of test/mutation/scopes.mjs is not there: name what took its place`)
  return statSync(place).isDirectory() ? `${path}${ALL}` : path
}
