-- AlterTable
ALTER TABLE "device_codes" ADD COLUMN "browser_session_id" UUID;

-- CreateTable
CREATE TABLE "upstream_sessions" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "provider" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "sid" TEXT,
    "sealed" BYTEA,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "upstream_sessions_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "upstream_sessions_user_id_idx" ON "upstream_sessions"("user_id");

-- CreateIndex
CREATE INDEX "upstream_sessions_provider_subject_idx" ON "upstream_sessions"("provider", "subject");

-- CreateIndex
CREATE INDEX "upstream_sessions_provider_sid_idx" ON "upstream_sessions"("provider", "sid");

-- CreateIndex
CREATE INDEX "upstream_sessions_expires_at_idx" ON "upstream_sessions"("expires_at");

-- AddForeignKey
ALTER TABLE "upstream_sessions" ADD CONSTRAINT "upstream_sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
