-- AlterTable
ALTER TABLE "users" ADD COLUMN     "made_by_form" BYTEA;
