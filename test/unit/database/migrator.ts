import { migrate } from '../../../src/database/migrate.ts'

await migrate(String(process.argv[2]), process.argv[3])
