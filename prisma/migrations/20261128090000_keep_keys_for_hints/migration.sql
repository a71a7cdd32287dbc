-- A key that was rotated away is kept for the id tokens that applications show as hints, long after these have expired
UPDATE "signing_keys" SET "keep_until" = greatest("keep_until", "signs_until" + interval '400 days') WHERE "keep_until" IS NOT NULL AND "revoked_at" IS NULL;
