#!/usr/bin/env node
// The Prisma CLI runs this in place of the engine binary that it would download: see PRISMA_SCHEMA_ENGINE_BINARY in prisma.config.ts.
const BUILT = '../dist/src/database/engine-command.js'

const { engineCommand, engineFailure } = await import(BUILT).catch(notBuilt)

try {
  await engineCommand(process.argv.slice(2))
} catch (error) {
  process.stderr.write(engineFailure(error))
  process.exitCode = 1
}

function notBuilt (error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
  const message = 'the migration engine is not built: run "npm run build" first'
  // A line for people and one for the CLI, which skips the first.
  process.stderr.write(`${message}\n${JSON.stringify({ level: 'ERROR', target: 'schema_engine::logger', fields: { message } })}\n`)
  process.exit(1)
}
