-- +goose Up
-- Keys of programs that use /v1. A key is known by the SHA-256 of its token only;
-- prefix is the part of it that a list shows. A name stays taken when its key is
-- disabled: the journal names keys by it.
CREATE TABLE api_keys (
  id             TEXT PRIMARY KEY,
  name           TEXT NOT NULL UNIQUE,
  prefix         TEXT NOT NULL,
  token_hash     TEXT NOT NULL UNIQUE,
  scopes         TEXT NOT NULL,
  created_at     BIGINT NOT NULL,
  used_at        BIGINT NOT NULL DEFAULT 0,
  expires_at     BIGINT NOT NULL DEFAULT 0,
  disabled_at    BIGINT NOT NULL DEFAULT 0
);

-- +goose Down
DROP TABLE api_keys;
