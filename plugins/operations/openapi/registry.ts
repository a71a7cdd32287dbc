import type { RouteOptions } from 'fastify'
import type { Security } from './security.ts'

/** The `info` of our own document, by which it is recognized. */
export type Info = { title: string }

/** Holds the requirements of a guard on the schema of its route; @fastify/swagger passes on keys that start with `x-`. */
export const GUARDED = 'x-latchkey-guard'
export type Guarded = { security: Security, cookie: string }

const infos = new WeakSet<object>()
const shown = new WeakMap<object, RouteOptions[]>()
let seen = false

/** Registers `info` as that of a document of ours. */
export function ownInfo<Given extends Info> (info: Given): Given {
  infos.add(info)
  return info
}

export function isOwn (info: object | undefined): boolean {
  return info !== undefined && infos.has(info)
}

/** Our routes that documents of a host show, for all instances on one server. */
export function routesFor (server: object): RouteOptions[] {
  const routes = shown.get(server) ?? []
  shown.set(server, routes)
  return routes
}

/** Called when a route of ours is added to a document of a host. */
export function noteSeen (): void {
  seen = true
}

/** @returns whether the document that `make` has generated contains our routes */
export function wereSeen (make: () => void): boolean {
  seen = false
  make()
  return seen
}
