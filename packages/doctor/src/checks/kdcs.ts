import type { KdcProbe, SurveyedKdc } from '@s4u/kdc-client'
import type { Check } from '../engine/check.js'
import { failed, ok, type Verdict, warning } from '../engine/finding.js'
import type { ServiceFacts } from '../facts/service-facts.js'
import { clockVerdict } from './clocks.js'

/** The KDCs of the realm: found, answering, and at what time. */
export const kdcChecks: readonly Check<ServiceFacts>[] = [
  {
    name: 'kdc-found',
    title: 'The KDCs of the realm are known',
    needs: ['keytab'],
    run: async (facts) => {
      const [realm, { servers, source }] = await Promise.all([facts.realm(), facts.kdcs()])
      if (servers.length > 0) return [ok(`${realm} has ${servers.map(({ server }) => server).join(', ')} (${source}).`)]
      return [
        failed(`No KDC of ${realm} is known.`, {
          why: 'Neither an option nor krb5.conf names one, and DNS has no _kerberos._udp record of the realm.',
          code: 'KRB5_REALM_UNKNOWN',
          hint: `Write under [realms] in krb5.conf: ${realm} = { kdc = HOST }, or correct the realm (it is case-sensitive).`,
        }),
      ]
    },
  },
  {
    name: 'kdc-answers',
    title: 'Each KDC answers, by UDP and by TCP',
    needs: ['kdc-found'],
    run: async (facts) => {
      const { servers } = await facts.kdcs()
      const isReached = servers.some(({ udp, tcp }) => udp.answered || tcp.answered)
      return servers.map((server) => answerVerdict(server, isReached))
    },
  },
  {
    name: 'clock-of-kdc',
    title: 'The clocks of the KDCs agree',
    needs: ['kdc-answers'],
    run: async (facts) => {
      const { servers } = await facts.kdcs()
      return servers.flatMap((kdc) => {
        const offset = offsetOf(kdc.tcp) ?? offsetOf(kdc.udp)
        return offset === undefined ? [] : [clockVerdict(kdc.server, offset)]
      })
    },
  },
]

function answerVerdict({ server, udp, tcp }: SurveyedKdc, isReached: boolean): Verdict {
  const said = `${server}: UDP ${describe(udp)}, TCP ${describe(tcp)}.`
  if (udp.answered && tcp.answered) return ok(said, { subject: server })
  const details = {
    subject: server,
    why: 'Each request waits for it before another one is asked; tickets with many groups need TCP.',
    hint: `Open port 88 to it, for UDP and TCP, or take it out of DNS or krb5.conf.`,
  }
  if (udp.answered || tcp.answered || isReached) return warning(said, details)
  return failed(said, { ...details, code: 'KRB5_KDC_UNREACH' })
}

function describe(probe: KdcProbe): string {
  return probe.answered ? `answers in ${Math.round(probe.took)} ms` : `does not answer (${probe.reason})`
}

function offsetOf(probe: KdcProbe): number | undefined {
  return probe.answered ? probe.clockOffset : undefined
}
