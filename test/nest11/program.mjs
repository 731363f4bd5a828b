// @ts-check
/**
 * An app on Nest 11 as users have it: Node itself finds the modules, and the package is the built
 * one, of which the test has put a copy into `dist`. Prints its port.
 */
import { Controller, Get, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'

const [platform, keytab = ''] = process.argv.slice(2)
/** @type {typeof import('@s4u/nest')} */
const { Caller, NegotiateMode, S4uModule } = await import(new URL('dist/nest.js', import.meta.url).href)

class Pages {
  /** @param {import('@s4u/nest').CallerIdentity} caller */
  hello(caller) {
    return `Hello ${caller.principal}`
  }

  health() {
    return 'up'
  }
}
Controller()(Pages)
for (const [name, decorators] of /** @type {const} */ ([
  ['hello', [Get()]],
  ['health', [Get('health'), NegotiateMode('off')]],
]))
  for (const decorate of decorators)
    decorate(Pages.prototype, name, Object.getOwnPropertyDescriptor(Pages.prototype, name) ?? {})
Caller()(Pages.prototype, 'hello', 0)

// oxlint-disable-next-line typescript/no-extraneous-class
class App {}
Module({ imports: [S4uModule.forRoot({ keytab })], controllers: [Pages] })(App)

const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter()
const app = await NestFactory.create(App, adapter, { logger: false })
await app.listen(0, '127.0.0.1')
console.log(app.getHttpServer().address().port)
