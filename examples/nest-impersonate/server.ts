/**
 * Calls the backend as the caller, where a decorator says so: the handler runs as the caller, and
 * the `fetch` of @s4u/fetch acts as the caller there, and in everything that it calls.
 */
import { Controller, Get, HttpException, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { fetch } from '@s4u/fetch'
import { Caller, type CallerIdentity, Impersonation, NegotiateMode, S4uModule } from '@s4u/nest'

const backend = process.env.BACKEND ?? 'http://api.ad.test'

@Controller()
class Shop {
  @Get()
  hello(@Caller() caller: CallerIdentity): string {
    return `Hello ${caller.principal}`
  }

  @Get('orders')
  @Impersonation('required')
  async orders(): Promise<unknown> {
    const orders = await fetch(`${backend}/orders`)
    if (orders.ok) return orders.json()
    throw new HttpException('The backend refused', orders.status) // its own rules have decided
  }

  // No target of the list below: the caller reads 403, and the log says what is missing.
  @Get('gold')
  @Impersonation('required')
  async gold(): Promise<string> {
    return (await fetch('http://vault.ad.test/gold')).text()
  }

  @Get('health')
  @NegotiateMode('off')
  health(): string {
    return 'ok'
  }
}

@Module({
  imports: [S4uModule.forRoot({ keytab: 'web.keytab', delegation: { allow: ['HTTP/api.ad.test'] } })],
  controllers: [Shop],
})
class AppModule {}

// Tickets of users in many groups are longer than the 16 KB of headers that Node takes by default.
const adapter = new FastifyAdapter({ http: { maxHeaderSize: 65_536 } })
const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter)
await app.listen(Number(process.env.PORT ?? 3000))
