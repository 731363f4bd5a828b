import { createAcceptor } from '@s4u/acceptor'
import { formatChallenge, parseAuthorization } from '@s4u/gssapi'
import { createNegotiator, type Negotiator } from '@s4u/negotiate'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'

/**
 * An embedded realm with a gateway, inner servers that it may delegate to, and one that it may not.
 */
export interface GatewayRealm extends AsyncDisposable {
  readonly realm: TestRealm
  /** That of the gateway, which may vouch for users. */
  readonly negotiator: Negotiator
  /** Who the inner server of that name sees in a header, and the challenge that proves it. */
  seenBy(spn: string, authorization: string | undefined): Promise<{ principal: string; proof: string }>
}

export async function gatewayRealm(): Promise<GatewayRealm> {
  const names = ['HTTP/orders.ad.test', 'HTTP/web2.ad.test', 'HTTP/farm.ad.test']
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: 'wonderland', groups: ['Sales'] }, carol: { password: 'secret', sensitive: true } },
    services: {
      gateway: {
        spns: ['HTTP/portal.example.com'],
        trustedToAuthForDelegation: true,
        allowedToDelegateTo: names,
      },
      orders: { spns: names },
      vault: { spns: ['HTTP/vault.ad.test'] },
    },
  })
  const negotiator = createNegotiator({
    keytab: realm.keytabFor('gateway'),
    kdc: realm.transport,
    delegation: { principal: 'gateway', protocolTransition: true },
  })
  return {
    realm,
    negotiator,
    async seenBy(spn, authorization) {
      const parsed = parseAuthorization(authorization)
      if (parsed.status !== 'token') throw new Error(parsed.status)
      const outcome = await createAcceptor({ keytab: realm.keytabFor(spn) }).accept(parsed.token)
      if (outcome.status !== 'accepted') throw new Error(outcome.status)
      return { principal: outcome.identity.principal, proof: formatChallenge(outcome.reply) }
    },
    async [Symbol.asyncDispose]() {
      negotiator[Symbol.dispose]()
      await realm[Symbol.asyncDispose]()
    },
  }
}

/** The challenge of a server that refuses with a reason, by the number of the error. */
export function refusalFor(token: Uint8Array): string {
  return formatChallenge(token)
}
