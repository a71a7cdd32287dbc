-- AlterTable
ALTER TABLE "device_codes" ADD COLUMN     "claimed_browser" BYTEA,
ADD COLUMN     "claimed_by" UUID;
