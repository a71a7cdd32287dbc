-- +52 1 and +52 are one line since 2019, and are read as +52: what was kept with the 1 is found again. Where somebody else has the number without it, it stays
UPDATE "identifiers" i SET "value" = '+52' || substr(i."value", 5), "display" = '+52' || substr(i."value", 5)
WHERE i."attribute" = 'phone' AND i."value" ~ '^\+521\d{10}$'
  AND NOT EXISTS (SELECT FROM "identifiers" o WHERE o."attribute" = 'phone' AND o."value" = '+52' || substr(i."value", 5));
