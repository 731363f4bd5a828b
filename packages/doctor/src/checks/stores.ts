import type { Check } from '../engine/check.js'
import { failed, ok } from '../engine/finding.js'
import type { ServiceFacts } from '../facts/service-facts.js'

/** What the service shares with its other instances. */
export const storesAnswer: Check<ServiceFacts> = {
  name: 'stores',
  title: 'The shared stores answer',
  run: async (facts, signal) =>
    Promise.all(
      Object.entries(facts.options.stores ?? {}).map(async ([name, ask]) => {
        const started = performance.now()
        try {
          await ask(signal)
          return ok(`The ${name} store answers in ${Math.round(performance.now() - started)} ms.`, { subject: name })
        } catch (error) {
          const reason = error instanceof Error ? error.message : 'an unknown error'
          return failed(`The ${name} store does not answer: ${reason}.`, {
            subject: name,
            why: 'Without a replay store requests are refused; without a ticket store the KDC is asked more often.',
          })
        }
      }),
    ),
}
