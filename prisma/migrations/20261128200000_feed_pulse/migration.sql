-- CreateTable
CREATE TABLE "feed_pulse" (
    "id" SMALLINT NOT NULL DEFAULT 1,
    "number" BIGINT NOT NULL DEFAULT 0,
    "began_at" TIMESTAMPTZ(6),
    "proven" BIGINT NOT NULL DEFAULT 0,
    "proven_at" TIMESTAMPTZ(6),

    CONSTRAINT "feed_pulse_pkey" PRIMARY KEY ("id")
);
