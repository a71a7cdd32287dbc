-- AlterTable
ALTER TABLE "users" ADD COLUMN     "claims_changed_at" TIMESTAMPTZ(3);
