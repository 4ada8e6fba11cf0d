-- +goose Up
-- F2: one try to set a new password. Link and code are derived from the id with a
-- key that is not here. account_id is empty for a request that named nobody.
CREATE TABLE recoveries (
  id             TEXT PRIMARY KEY,
  account_id     TEXT NOT NULL,
  channel        TEXT NOT NULL CHECK (channel IN ('sms', 'mail')),
  tries          BIGINT NOT NULL,
  version        BIGINT NOT NULL,
  created_at     BIGINT NOT NULL,
  sent_at        BIGINT NOT NULL,
  expires_at     BIGINT NOT NULL,
  used_at        BIGINT NOT NULL
);
CREATE INDEX recoveries_account ON recoveries (account_id, channel, created_at);
CREATE INDEX recoveries_age ON recoveries (created_at);

-- The second factor of staff; codes is a list of SHA-256 digests. A pending
-- session has passed the password only.
CREATE TABLE staff_factors (
  staff_id       TEXT PRIMARY KEY REFERENCES staff (id),
  secret_sealed  BYTEA NOT NULL,
  step           BIGINT NOT NULL,
  codes          TEXT NOT NULL,
  confirmed      BIGINT NOT NULL,
  version        BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL
);
-- Who somebody is elsewhere (OpenID Connect): the first sign-in ties the two for
-- good, one identity of an issuer to one owner.
CREATE TABLE identities (
  subject_index  TEXT PRIMARY KEY,
  issuer         TEXT NOT NULL,
  owner          TEXT NOT NULL,
  created_at     BIGINT NOT NULL,
  UNIQUE (issuer, owner)
);
ALTER TABLE sessions ADD COLUMN pending TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE sessions DROP COLUMN pending;
DROP TABLE identities;
DROP TABLE staff_factors;
DROP TABLE recoveries;
