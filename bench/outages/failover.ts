import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Cluster } from '../shared/cluster.ts'
import { freePort, isRoot, temporaryFolder } from '../shared/processes.ts'
import { check, note, title } from '../shared/report.ts'
import { Service } from '../shared/service.ts'
import { Clients } from './clients.ts'
import { endure } from './outage.ts'
import { TcpProxy } from './proxy.ts'

/** A standby at another address takes over. Replication is synchronous, so no acknowledged write may be lost. */
export async function failovers(): Promise<void> {
  title('Failing over')
  await behindProxy()
  await byName()
  await severalHosts()
}

async function pair(hosts?: [string, string]): Promise<[Cluster, Cluster]> {
  const port = await freePort()
  const primary = await Cluster.create(hosts ? { host: hosts[0], port } : {})
  const standby = await primary.standby(hosts ? { host: hosts[1], port } : {})
  await primary.stop()
  await primary.start('-c synchronous_standby_names=*')
  await until(async () => {
    const rows = await primary.admin("SELECT FROM pg_stat_replication WHERE sync_state = 'sync'")
    return rows.length > 0
  })
  return [primary, standby]
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let count = 0; count < 200; count += 1) {
    if (await holds()) return
    await pause(100)
  }
  throw new Error('the standby does not follow')
}

/** The address stays, and another server takes it over. */
async function behindProxy(): Promise<void> {
  const [primary, standby] = await pair()
  const proxy = await TcpProxy.before(primary.port)
  const service = await Service.start({ databaseUrl: primary.url(proxy.port) })
  const rig = { service, clients: await Clients.of(80, service.base), connections: () => proxy.accepted }

  await endure(rig, {
    name: 'a standby until it is promoted',
    begin: () => {
      proxy.aim(standby.port)
      proxy.cut()
    },
    end: async () => {
      primary.kill()
      await standby.promote()
    },
    goesOn: 'reads'
  })

  const second = await standby.standby()
  await standby.stop()
  await standby.start('-c synchronous_standby_names=*')
  await until(async () => (await standby.admin("SELECT FROM pg_stat_replication WHERE sync_state = 'sync'")).length > 0)
  await pause(1000)
  await endure(rig, {
    name: 'failed over behind a proxy',
    begin: () => standby.kill(),
    end: async () => {
      await second.promote()
      proxy.aim(second.port)
    }
  })
  await service.stop()
  proxy.close()
  second.kill()
}

/** The host name stays, and its address changes. */
async function byName(): Promise<void> {
  if (!isRoot) {
    note('skipped failing over by name: a name of our own takes root')
    return
  }
  const [primary, standby] = await pair(['127.0.0.2', '127.0.0.3'])
  const hosts = join(temporaryFolder(), 'hosts')
  const point = (address: string) => writeFileSync(hosts, `127.0.0.1 localhost\n${address} database.test\n`)
  point(primary.host)
  const service = await Service.start({
    databaseUrl: primary.url(primary.port, 'database.test'),
    wrapper: withHosts(hosts)
  })
  const rig = { service, clients: await Clients.of(80, service.base) }

  await endure(rig, {
    name: 'failed over by name',
    begin: () => primary.kill(),
    end: async () => {
      await standby.promote()
      point(standby.host)
    }
  })

  const second = await standby.standby({ host: '127.0.0.4', port: standby.port })
  await endure(rig, {
    name: 'the old server lives on, read-only',
    begin: async () => {
      await standby.admin('ALTER SYSTEM SET default_transaction_read_only = on')
      await standby.admin('SELECT pg_reload_conf()')
      await pause(500)
    },
    end: async () => {
      await second.promote()
      point(second.host)
    },
    goesOn: 'reads',
    // Each connection that is still open notices at its first write.
    stragglers: 10
  })
  note(`of the pool, the old server still serves ${await standby.backends()}, the new one ${await second.backends()}`)
  await service.stop()
  standby.kill()
  second.kill()
}

/** libpq supports several hosts; the driver does not. */
async function severalHosts(): Promise<void> {
  const service = await Service.launch({ databaseUrl: 'postgres://latchkey@127.0.0.1:1,127.0.0.1:2/latchkey' })
  const { code, ms } = await service.outcome(performance.now())
  check(
    code === 1 && ms < 5000 && /DATABASE_URL must be/.test(service.log()),
    'several hosts in DATABASE_URL: the start fails with a message that says how to fix it',
    `exit ${code}: ${service.log().trim().split('\n').join(' ')}`
  )
}

/** Runs a command with another /etc/hosts, which only that command sees. */
const withHosts = (hosts: string) => [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'mount --bind "$0" /etc/hosts && exec "$@"',
  hosts
]
