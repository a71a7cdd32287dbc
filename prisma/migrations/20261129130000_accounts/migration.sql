-- AlterTable
ALTER TABLE "users" ADD COLUMN     "deletion_requested_at" TIMESTAMPTZ(3),
ADD COLUMN     "locale" TEXT,
ADD COLUMN     "profile" JSONB NOT NULL DEFAULT '{}',
ADD COLUMN     "terms_accepted_at" TIMESTAMPTZ(3),
ADD COLUMN     "terms_version" TEXT;

-- AlterTable
-- The constraint comes with the column, which is empty: PostgreSQL then checks no row for it
ALTER TABLE "identifiers" ADD COLUMN     "released_at" TIMESTAMPTZ(3),
ADD COLUMN     "released_from" UUID CONSTRAINT "identifiers_released_from_fkey" REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE,
ALTER COLUMN "user_id" DROP NOT NULL;

-- AlterTable
ALTER TABLE "sessions" ADD COLUMN     "amr" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "auth_time" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "browser_sessions" ADD COLUMN     "amr" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "authorization_codes" ADD COLUMN     "amr" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "device_codes" ADD COLUMN     "amr" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- CreateTable
CREATE TABLE "identifier_holds" (
    "hash" BYTEA NOT NULL,
    "user_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "identifier_holds_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "one_time_tokens" (
    "hash" BYTEA NOT NULL,
    "purpose" TEXT NOT NULL,
    "user_id" UUID,
    "attribute" TEXT,
    "value" TEXT,
    "token_epoch" INTEGER,
    "payload" JSONB NOT NULL DEFAULT '{}',
    "code_hmac" BYTEA,
    "code_expires_at" TIMESTAMPTZ(3),
    "bound_to" TEXT,
    "tries" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "one_time_tokens_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "auth_sessions" (
    "hash" BYTEA NOT NULL,
    "client_id" TEXT,
    "user_id" UUID,
    "password_stamp" INTEGER,
    "token_epoch" INTEGER,
    "proven" TEXT[],
    "pending" JSONB NOT NULL DEFAULT '{}',
    "ip" TEXT,
    "user_agent" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "auth_sessions_pkey" PRIMARY KEY ("hash")
);

-- CreateIndex
CREATE INDEX "identifier_holds_expires_at_idx" ON "identifier_holds"("expires_at");

-- CreateIndex
CREATE INDEX "one_time_tokens_user_id_purpose_idx" ON "one_time_tokens"("user_id", "purpose");

-- CreateIndex
CREATE INDEX "one_time_tokens_bound_to_idx" ON "one_time_tokens"("bound_to");

-- CreateIndex
CREATE INDEX "one_time_tokens_expires_at_idx" ON "one_time_tokens"("expires_at");

-- CreateIndex
CREATE INDEX "auth_sessions_user_id_idx" ON "auth_sessions"("user_id");

-- CreateIndex
CREATE INDEX "auth_sessions_expires_at_idx" ON "auth_sessions"("expires_at");

-- CreateIndex
-- Partial, which the Prisma schema cannot say: few identifiers are released, and logins read none of these
CREATE INDEX "identifiers_released_from" ON "identifiers"("released_from") WHERE "released_from" IS NOT NULL;

-- CreateIndex
CREATE INDEX "identifiers_released_at" ON "identifiers"("released_at") WHERE "released_at" IS NOT NULL;

-- AddForeignKey
ALTER TABLE "one_time_tokens" ADD CONSTRAINT "one_time_tokens_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "auth_sessions" ADD CONSTRAINT "auth_sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
