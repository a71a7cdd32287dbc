import type { Revocation, RevocationList } from './revocation-list.ts'

/** Revoked sessions of one owner from which on they are replaced by one row. */
const FOLD_AT = 64

type Options = {
  list: RevocationList
  fold: (owner: string) => Promise<void>
  onError: (error: unknown) => void
}

/** A user who logs in and out in a loop must not fill the memory of every process: many rows of one owner are folded into one. */
export function createFolding ({ list, fold, onError }: Options): (rows: Revocation[]) => void {
  const folding = new Set<string>()

  return (rows) => {
    for (const { owner } of rows) {
      if (owner === null || folding.has(owner) || list.ownedBy(owner) < FOLD_AT) continue
      folding.add(owner)
      fold(owner).catch(onError).finally(() => folding.delete(owner))
    }
  }
}
