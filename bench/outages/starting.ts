import { setTimeout as pause } from 'node:timers/promises'
import { Cluster } from '../shared/cluster.ts'
import { check, milliseconds, title } from '../shared/report.ts'
import { Service } from '../shared/service.ts'
import { TcpProxy } from './proxy.ts'

/** Checks that a start without a database waits, logs that it does, and can be stopped meanwhile. */
export async function starts(): Promise<void> {
  title('Starting')
  const cluster = await Cluster.create()
  const proxy = await TcpProxy.before(cluster.port)
  const databaseUrl = cluster.url(proxy.port)

  for (const mode of ['reset', 'swallow'] as const) {
    proxy.behave(mode)
    const service = await Service.launch({ databaseUrl })
    await pause(7000)
    const waiting = (await Promise.race([service.ended, pause(0)])) === undefined
    check(waiting && service.log().includes('waiting for the database'), `${mode}: a start waits, and says so`)
    proxy.behave('forward')
    const start = performance.now()
    const ready = await service.isReady(20_000)
    check(ready, `${mode}: and goes on when the database is there`, `after ${milliseconds(performance.now() - start)}`)
    await service.stop()
  }

  proxy.behave('swallow')
  const service = await Service.launch({ databaseUrl })
  await pause(3000)
  const { code, ms } = await service.stop()
  check(code === 0 && ms < 2000, 'SIGTERM ends a start that waits', `exit ${code} after ${milliseconds(ms)}`)
  proxy.close()
  cluster.kill()
}
