-- AlterTable
ALTER TABLE "clients" ADD COLUMN     "trusted_proxy" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
-- Unlogged: no write waits for the disk, and all that a crash of PostgreSQL forgets is who had failed lately
CREATE UNLOGGED TABLE "rate_limits" (
    "key" VARCHAR(255) NOT NULL,
    "points" INTEGER NOT NULL DEFAULT 0,
    "expire" BIGINT,

    CONSTRAINT "rate_limits_pkey" PRIMARY KEY ("key")
) WITH (fillfactor = 80);

-- CreateIndex
CREATE INDEX "rate_limits_expire_idx" ON "rate_limits"("expire");
