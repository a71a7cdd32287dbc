-- AlterTable
ALTER TABLE "consents" ADD COLUMN     "resources" JSONB NOT NULL DEFAULT '{}';

-- CreateIndex
CREATE INDEX "consents_client_id_idx" ON "consents"("client_id");
