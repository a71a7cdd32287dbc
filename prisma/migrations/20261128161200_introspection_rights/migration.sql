-- AlterTable
ALTER TABLE "clients" ADD COLUMN     "introspects" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "resource_servers" TEXT[] DEFAULT ARRAY[]::TEXT[];
