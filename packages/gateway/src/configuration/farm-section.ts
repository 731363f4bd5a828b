import { choice, group } from './option-kinds.js'

/** What holds where a site has several inner servers. */
export const FARM = group({
  about: 'What holds where a site has several inner servers',
  always: true,
  fields: {
    affinity: choice({
      about: 'What keeps a user at one member',
      choices: ['none', 'cookie', 'address'],
      default: 'none',
    }),
  },
})
