import type { Cluster } from '../shared/cluster.ts'
import { freePort } from '../shared/processes.ts'
import { check, milliseconds } from '../shared/report.ts'
import { Service } from '../shared/service.ts'
import { HaProxy, NAMES } from './haproxy.ts'

/** Instances on one database, behind one HAProxy. */
export class Fleet {
  readonly haproxy: HaProxy
  readonly #databaseUrl: string
  readonly #ports: number[]
  readonly #environment: Record<string, string>
  readonly #services: Service[] = []

  private constructor(haproxy: HaProxy, databaseUrl: string, ports: number[], environment: Record<string, string>) {
    this.haproxy = haproxy
    this.#databaseUrl = databaseUrl
    this.#ports = ports
    this.#environment = environment
  }

  static async of(instances: number, cluster: Cluster, environment: Record<string, string> = {}): Promise<Fleet> {
    const ports: number[] = []
    for (const _ of NAMES) ports.push(await freePort())
    const fleet = new Fleet(await HaProxy.before(ports), cluster.url(), ports, environment)
    await Promise.all(Array.from({ length: instances }, (_, index) => fleet.start(index)))
    return fleet
  }

  get base(): string {
    return this.haproxy.base
  }

  /** Starts an instance, and waits until HAProxy reports it as up. */
  async start(index: number): Promise<void> {
    this.#services[index] = await Service.start({
      databaseUrl: this.#databaseUrl,
      port: this.#ports[index] as number,
      environment: this.#environment
    })
    await this.haproxy.sees(index, true)
  }

  async kill(index: number): Promise<void> {
    await this.#services[index]?.stop('SIGKILL')
  }

  async stop(index: number): Promise<void> {
    const { code, ms } = (await this.#services[index]?.stop()) ?? { code: null, ms: 0 }
    check(code === 0 && ms < 12_000, `${NAMES[index]} stops`, `exit ${code} after ${milliseconds(ms)}`)
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.stop()))
  }
}
