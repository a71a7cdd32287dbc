import type { RouteOptions } from 'fastify'
import type { Security } from './security.ts'

/** Of our own document: how one tells it from that of a host. */
export type Info = { title: string }

/** What a guard asks for, on the schema of its route; `x-` is what @fastify/swagger passes on. */
export const GUARDED = 'x-latchkey-guard'
export type Guarded = { security: Security, cookie: string }

const infos = new WeakSet<object>()
const shown = new WeakMap<object, RouteOptions[]>()
let seen = false

/** Makes `info` that of a document of ours. */
export function ownInfo<Given extends Info> (info: Given): Given {
  infos.add(info)
  return info
}

export function isOwn (info: object | undefined): boolean {
  return info !== undefined && infos.has(info)
}

/** The routes of ours that documents of a host show, of all that stand on one server. */
export function routesFor (server: object): RouteOptions[] {
  const routes = shown.get(server) ?? []
  shown.set(server, routes)
  return routes
}

/** Called where a route of ours is put into a document of a host. */
export function noteSeen (): void {
  seen = true
}

/** @returns whether a document that was made meanwhile had our routes among its own */
export function wereSeen (make: () => void): boolean {
  seen = false
  make()
  return seen
}
