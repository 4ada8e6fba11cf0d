-- +goose Up
-- When a member of staff last signed in. Sign-ins only read the staff's rows, so
-- that two of one member don't wait for each other.
CREATE TABLE staff_signins (
  staff_id       TEXT PRIMARY KEY REFERENCES staff (id),
  at             BIGINT NOT NULL
);

-- The links by which members of staff set a password, one each.
CREATE TABLE staff_setups (
  staff_id       TEXT PRIMARY KEY REFERENCES staff (id),
  token_hash     TEXT NOT NULL UNIQUE,
  until          BIGINT NOT NULL
);

-- Filters of the review queue that members of staff gave a name (V5).
CREATE TABLE review_views (
  id             TEXT PRIMARY KEY,
  staff_id       TEXT NOT NULL REFERENCES staff (id),
  name           TEXT NOT NULL,
  query          TEXT NOT NULL,
  created_at     BIGINT NOT NULL,
  UNIQUE (staff_id, name)
);

-- How many working days a review's promise was given for: a later change of the
-- policy must not move it (V2).
ALTER TABLE reviews ADD COLUMN days BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE reviews DROP COLUMN days;
DROP TABLE review_views;
DROP TABLE staff_setups;
DROP TABLE staff_signins;
