-- Most users never ask for deletion: the index holds those who do
CREATE INDEX "users_deletion_requested_at" ON "users" ("deletion_requested_at") WHERE "deletion_requested_at" IS NOT NULL;
