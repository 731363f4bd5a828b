// @ts-check
import { fileURLToPath } from 'node:url'

const examples = fileURLToPath(new URL('..', import.meta.url))
const hosts = new URL('hosts.mjs', import.meta.url).href
const visit = `node ${examples}realm/visit.mjs`

/**
 * The commands that run the other examples. @param {{ folder: string, backend: string, managers:
 * string }} realm
 */
export function whatToType({ folder, backend, managers }) {
  return `
AD.TEST is up, until Ctrl-C: alice (wonderland), bob (builder), carol (christmas; her account is sensitive).

In every other terminal, first:

  cd ${folder}
  export KRB5_CONFIG=${folder}/krb5.conf BACKEND=${backend} MANAGERS=${managers}
  export NODE_OPTIONS=--import=${hosts}

Then an example, and a visitor in another terminal:

  node ${examples}express-authenticate/server.mjs
  ${visit} alice:wonderland http://web.ad.test:3000/salaries

  node ${examples}express-impersonate/server.mjs     # or koa-impersonate
  ${visit} alice:wonderland http://web.ad.test:3000/orders

  node ${examples}protocol-transition/server.mjs     # its own passwords, no ticket at the visitor
  curl -s -u bob:can-we-fix-it http://127.0.0.1:3000/orders

  node ${examples}fetch-with-keytab/report.mjs

MIT's kinit and curl work as well:

  echo wonderland | kinit -c ${folder}/ccache alice@AD.TEST
  KRB5CCNAME=${folder}/ccache curl --negotiate -u : --resolve web.ad.test:3000:127.0.0.1 http://web.ad.test:3000/orders
`
}
