-- CreateIndex
-- Which kinds of hashes there are, whatever the number of users: the hash without its salt and its digest. Prisma has no word for an index on an expression
CREATE INDEX "users_password_scheme" ON "users" (left(regexp_replace(left("password_hash", 300), '[./A-Za-z0-9+]{10,}', '*', 'g'), 100));
