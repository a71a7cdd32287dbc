-- AlterTable
ALTER TABLE "identifiers" ADD COLUMN     "claimed_until" TIMESTAMPTZ(3),
ADD COLUMN     "decoy" JSONB;

-- No row has a value yet: the index is empty
-- CreateIndex
CREATE INDEX "identifiers_claimed_until" ON "identifiers"("claimed_until") WHERE "claimed_until" IS NOT NULL;
