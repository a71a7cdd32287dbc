-- CreateTable
CREATE TABLE "provider_tokens" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "provider" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "sealed" BYTEA NOT NULL,
    "refreshing_until" TIMESTAMPTZ(3),

    CONSTRAINT "provider_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "provider_tokens_provider_subject_key" ON "provider_tokens"("provider", "subject");

-- AddForeignKey
ALTER TABLE "provider_tokens" ADD CONSTRAINT "provider_tokens_provider_subject_fkey" FOREIGN KEY ("provider", "subject") REFERENCES "social_accounts"("provider", "subject") ON DELETE CASCADE ON UPDATE CASCADE;
