import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { Cluster, Disk } from '../shared/cluster.ts'
import { check, note, title } from '../shared/report.ts'
import { Service } from '../shared/service.ts'
import { Clients } from './clients.ts'
import { endure, type Rig } from './outage.ts'
import { TcpProxy } from './proxy.ts'

const SESSIONS = 80

/** A service that is connected directly to its database. */
async function direct(cluster: Cluster): Promise<Rig> {
  const service = await Service.start({ databaseUrl: cluster.url() })
  return { service, clients: await Clients.of(SESSIONS, service.base), connections: () => cluster.connections() }
}

/** Outages of a server. */
export async function serverOutages(): Promise<void> {
  title('The server')
  const cluster = await Cluster.create()
  const rig = await direct(cluster)
  const { connections: _, ...uncounted } = rig

  await endure(uncounted, { name: 'stopped', begin: () => cluster.stop(), end: () => cluster.start() })
  await endure(uncounted, { name: 'killed', begin: () => cluster.kill(), end: () => cluster.start() })
  await endure(uncounted, { name: 'hung', begin: () => cluster.hang(), end: () => cluster.resume() })
  await endure(uncounted, {
    name: 'restarted',
    begin: () => cluster.restart(),
    end: () => {},
    seconds: 0
  })

  const occupants: pg.Client[] = []
  await endure(rig, {
    name: 'out of connections',
    begin: () => occupy(cluster, occupants),
    end: () => Promise.all(occupants.splice(0).map((client) => client.end()))
  })

  await endure(rig, {
    name: 'read-only',
    begin: () => set(cluster, 'SET default_transaction_read_only = on'),
    end: () => set(cluster, 'RESET default_transaction_read_only'),
    goesOn: 'reads'
  })

  const holder = cluster.client()
  await holder.connect()
  let backends = 0
  await endure(rig, {
    name: 'a table locked',
    begin: async () => {
      await holder.query('BEGIN')
      await holder.query('LOCK TABLE users IN ACCESS EXCLUSIVE MODE')
    },
    meanwhile: async (duration) => {
      for (const end = performance.now() + duration; performance.now() < end; await pause(200)) {
        backends = Math.max(backends, await cluster.backends())
      }
    },
    end: () => holder.query('COMMIT'),
    goesOn: 'some'
  })
  await holder.end()
  check(
    backends <= 20,
    'a table locked: no heap of abandoned statements',
    `up to ${backends} connections of a pool of 10`
  )
  await rig.service.stop()
  cluster.kill()
}

async function set(cluster: Cluster, change: string): Promise<void> {
  await cluster.admin(`ALTER SYSTEM ${change}`)
  await cluster.admin('SELECT pg_reload_conf()')
  await pause(500)
}

/** Takes all connections of the server, including those of the service. */
async function occupy(cluster: Cluster, occupants: pg.Client[]): Promise<void> {
  // A terminated backend takes a moment to exit, and the service may take its place first.
  for (let quiet = 0; quiet < 3; ) {
    await cluster.admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'latchkey'")
    await pause(100)
    for (;;) {
      const client = cluster.client()
      const connected = await client.connect().then(
        () => true,
        () => false
      )
      if (!connected) break
      occupants.push(client)
      quiet = 0
    }
    quiet = (await cluster.backends()) === 0 ? quiet + 1 : 0
  }
}

/** Outages of the network between the service and its server, through a proxy that counts attempts to connect. */
export async function networkOutages(): Promise<void> {
  title('The network')
  const cluster = await Cluster.create()
  const proxy = await TcpProxy.before(cluster.port)
  const service = await Service.start({ databaseUrl: cluster.url(proxy.port) })
  const clients = await Clients.of(SESSIONS, service.base)
  const rig = { service, clients, connections: () => proxy.accepted }

  await endure(rig, {
    name: 'refused',
    begin: () => proxy.behave('reset'),
    end: () => proxy.behave('forward')
  })
  await endure(rig, {
    name: 'swallowed',
    begin: () => proxy.behave('swallow'),
    end: () => proxy.behave('forward')
  })
  await endure(rig, {
    name: 'swallowed for 20 s',
    begin: () => proxy.behave('swallow'),
    end: () => proxy.behave('forward'),
    seconds: 20
  })
  await service.stop()
  proxy.close()
  cluster.kill()
}

/** Fills the disk of the data, then that of the write-ahead log. */
export async function fullDisks(): Promise<void> {
  title('The disk')
  let data: Disk
  let wal: Disk
  try {
    data = new Disk(96)
    wal = new Disk(48)
  } catch (error) {
    note(`skipped, since mounting is not allowed: ${error}`)
    return
  }
  const cluster = await Cluster.create({
    data: `${data.path}/data`,
    wal: `${wal.path}/wal`,
    settings: 'min_wal_size = 2MB\nmax_wal_size = 8MB\nwal_keep_size = 0\n'
  })
  const { connections: _, ...rig } = await direct(cluster)

  await endure(rig, { name: 'data disk full', begin: () => data.fill(), end: () => data.free(), goesOn: 'some' })
  await endure(rig, {
    name: 'log disk full',
    begin: async () => {
      wal.fill()
      // The server continues in its existing files until they are full.
      for (let count = 0; count < 40; count += 1) {
        await cluster.admin('CREATE TABLE IF NOT EXISTS filler (); SELECT pg_switch_wal()').catch(() => {})
      }
    },
    end: async () => {
      note(cluster.isRunning() ? 'the server has gone on' : 'the server had given up')
      wal.free()
      if (!cluster.isRunning()) await cluster.start()
    },
    goesOn: 'some'
  })
  await rig.service.stop()
  cluster.kill()
}
