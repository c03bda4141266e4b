ALTER TABLE a ADD COLUMN price numeric;
