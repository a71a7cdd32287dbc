import { setTimeout as sleep } from 'node:timers/promises'

const signalAll = (pids, signal) => { for (const pid of pids) try { process.kill(pid, signal) } catch {} }

/** Faults as they occur in production. Each function gets the system and a duration in seconds. */
export const faults = {
  async 'kill -9 a server' ({ servers: [first], killServer, startServer }) {
    await killServer(first)
    await sleep(1000)
    await startServer(first)
  },

  async 'kill -9 PostgreSQL' ({ postmaster }) {
    process.kill(postmaster(), 'SIGKILL')
  },

  async 'PostgreSQL stands still' ({ family }, { still }) {
    const pids = family()
    signalAll(pids, 'SIGSTOP')
    await sleep(still * 1000)
    signalAll(pids, 'SIGCONT')
  },

  async 'every connection is taken' ({ takeConnections }, { still }) {
    await takeConnections(Math.min(still, 10))
  },

  async 'the feed is cut' ({ query }) {
    for (let times = 0; times < 5; times++) {
      await query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'latchkey feed'")
      await sleep(300)
    }
  },

  async 'the clock of a server stands still' ({ servers: [, second] }, { still }) {
    second.child.kill('SIGSTOP')
    await sleep(Math.max(still, 12) * 1000)
    second.child.kill('SIGCONT')
  },

  async 'a backup is restored' ({ backUp, restore }, { still, folder, ledger }) {
    const backupAt = Date.now()
    await backUp(`${folder}-backup`)
    await sleep(still * 1000)
    await restore(`${folder}-backup`)
    ledger.restored(backupAt)
  }
}
