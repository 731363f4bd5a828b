/**
 * The demo: `node examples/demo/main.mjs [--page | --story] [--port N]`. A page where somebody sits
 * at a terminal, else the story as text. Needs the packages built; `npm start` sees to that.
 */
import { parseArgs } from 'node:util'
import { openInBrowser } from './browser.mjs'
import { actions } from './scenes.mjs'
import { openStage } from './stage.mjs'
import { tell } from './story.mjs'
import { createWorld } from './world.mjs'

const values = readOptions()
const inCi = /^(1|true)$/i.test(process.env.CI ?? '')
const somebodyLooks = process.stdout.isTTY === true && !inCi
const withPage = values.page ?? (!values.story && somebodyLooks)

const world = await createWorld()
if (withPage) await show()
else await tellOnce()

function readOptions() {
  const options = { page: { type: 'boolean' }, story: { type: 'boolean' }, port: { type: 'string' } }
  try {
    return checked(parseArgs({ options }).values)
  } catch (error) {
    console.error(`${error.message}\nWrite npm start -- [--page | --story] [--port N].`)
    process.exit(2)
  }
}

/** In the words of `s4u realm`. What would have no effect is refused too. */
function checked({ page, story, port }) {
  if (page && story) throw new Error('--page and --story exclude each other')
  if (port === undefined) return { page, story }
  if (story) throw new Error('--port goes with --page')
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new Error('--port: A whole number from 0 to 65535 is expected.')
  return { page, story, port: Number(port) }
}

async function tellOnce() {
  const right = await tell(world)
  await world.close()
  process.exitCode = right ? 0 : 1
}

async function show() {
  // As at a desktop in the domain: whoever opens the page is signed in already.
  await world.play(actions.alice)
  const stage = await openStage(world, { port: values.port }).catch(refuse)
  if (stage === undefined) return
  console.log(`\n  s4u demo: ${stage.url}\n\n  Open it in a browser. Ctrl-C ends it.\n`)
  if (somebodyLooks) openInBrowser(stage.url)
  const stop = () => stage.close().then(() => world.close())
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, stop)
}

async function refuse({ code, message }) {
  console.error(
    code === 'EADDRINUSE' ? `Port ${values.port} is taken. Name another: npm start -- --port 4401` : message,
  )
  await world.close()
  process.exitCode = 1
}
