-- +goose Up
-- F1: what somebody typed to find a login, until a worker has looked. The request
-- itself looks nothing up, so that a hit and a miss take the same time.
CREATE TABLE lookups (
  id             TEXT PRIMARY KEY,
  lang           TEXT NOT NULL,
  facts_sealed   BYTEA NOT NULL,
  created_at     BIGINT NOT NULL
);
CREATE INDEX lookups_age ON lookups (created_at);

-- +goose Down
DROP TABLE lookups;
