import { choice, group, text } from '../options/option-kinds.js'

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
  },
})
