import { choice, group, list, text } from '../options/option-kinds.js'

/** Health, metrics, the access log and the pages of the gateway itself. */
export const OPERATION = group({
  about: 'Health, metrics, the access log and the pages of the gateway itself',
  always: true,
  fields: {
    path: text({
      about: 'Below this path are the pages of the gateway itself, at every site',
      form: { pattern: /^(?:\/[A-Za-z0-9._~-]+)+$/, called: 'a path of plain segments' },
      default: '/.s4u',
    }),
    accessLog: choice({
      about: 'Where a line of JSON for each request goes',
      choices: ['off', 'stdout', 'stderr'],
      default: 'off',
    }),
    alerts: choice({
      about: 'Where a line of JSON for each thing goes that somebody must look at',
      choices: ['off', 'stdout', 'stderr'],
      default: 'stderr',
    }),
    audit: choice({
      about: 'Where a line of JSON for each exchange goes: who signed in how, and each ticket that was asked for',
      choices: ['off', 'stdout', 'stderr'],
      default: 'off',
    }),
    metricsFrom: list({
      about: 'Addresses or networks that may read PATH/metrics; others get 404. Without it this machine alone',
      of: text({ about: 'An address, or a network', example: '10.0.0.0/8' }),
    }),
    language: choice({
      about: 'The language of the pages where the browser asks for none of en, de, fr',
      choices: ['en', 'de', 'fr'],
      default: 'en',
    }),
  },
})
