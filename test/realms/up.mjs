#!/usr/bin/env node
// Brings up realms for use by hand: prints what there is as JSON and waits for Ctrl-C.
//
//   node test/realms/up.mjs [REALM…]     (see README.md)
//
// Default: CORP EAST
//
// Then, in another terminal: export KRB5_CONFIG=… (see `environment`), kinit alice@CORP.TEST,
// password pw-alice.
import { fileURLToPath } from 'node:url'
import { createViteServer } from 'vitest/node'

const { realmKeys, toolKeys, startRealms } = await loadHarness()
const known = [...realmKeys, ...toolKeys]
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`neither a realm nor a tool: ${unknown.join(', ')}; there are ${known.join(', ')}`)
  process.exit(2)
}
const end = new Promise((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => resolve(undefined))
})
const began = Date.now()
const alive = setInterval(() => {}, 60_000)
const realms = await Promise.race([startRealms(wanted.length > 0 ? { wanted } : {}), end])
if (realms === undefined) process.exit(130) // while they were starting; the guard ends what there is
announce(realms)
await end
clearInterval(alive)
for (const line of realms.fallen()) console.error(line)
await realms[Symbol.asyncDispose]()

function announce(running) {
  const info = running.info()
  const seconds = ((Date.now() - began) / 1000).toFixed(1)
  console.log(JSON.stringify(info, null, 2))
  for (const [key, reason] of Object.entries(info.unavailable)) console.error(`${key} is not available: ${reason}`)
  const names = Object.keys(info.realms).join(', ') || 'nothing'
  console.error(`${names} up after ${seconds} s, the same JSON is in ${info.directory}/realms.json`)
  console.error(`export KRB5_CONFIG=${info.krb5Config}   # Ctrl-C here ends everything`)
}

/** The harness is TypeScript, which Node 20 cannot run; the test runner's own loader can. */
async function loadHarness() {
  const server = await createViteServer({
    root: fileURLToPath(new URL('.', import.meta.url)),
    configFile: false,
    logLevel: 'error',
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true, include: [] },
  })
  const addresses = await server.ssrLoadModule('/addresses.ts')
  const packages = await server.ssrLoadModule('/debian/packages.ts')
  const realms = await server.ssrLoadModule('/realms.ts')
  await server.close()
  return { ...addresses, ...packages, ...realms }
}
