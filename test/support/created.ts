import type { FastifyInstance } from 'fastify'
import { createUser } from '../../src/testing/users.ts'
import { login, type Tokens } from './start-server.ts'
import { logIn, visit, type Fields, type Visitor } from './visitor.ts'

/** A user who is logged in with the first of the fields, and was not sent a mail by a registration. */
export async function signedIn (
  app: FastifyInstance,
  fields: Record<string, string> = { email: 'ada@example.com' }
): Promise<Tokens & { user: { id: string } }> {
  const { id } = await createUser(app, fields)
  return { ...(await login(app, Object.fromEntries(Object.entries(fields).slice(0, 1)))).json<Tokens>(), user: { id } }
}

/** In place of a registration. */
export const register = (app: FastifyInstance, fields: Record<string, string> = { email: 'ada@example.com' }) => createUser(app, fields)

/** Ada, logged in on the page. */
export async function loggedIn (app: FastifyInstance, options: Fields = {}): Promise<Visitor & { userId: string }> {
  const { id: userId } = await register(app)
  const visitor = visit(app, options)
  await logIn(visitor)
  return { ...visitor, userId }
}
