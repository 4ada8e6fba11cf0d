-- +goose Up
-- Addresses of integrators that are told when jobs change (ADR 26). Address and
-- secrets are sealed together: a path may be a secret, too. What they are told is in
-- the outbox, in queue webhook.
CREATE TABLE webhooks (
  id             TEXT PRIMARY KEY,
  name           TEXT NOT NULL UNIQUE,
  sealed         BYTEA NOT NULL,
  kinds          TEXT NOT NULL,
  created_at     BIGINT NOT NULL,
  answered_at    BIGINT NOT NULL DEFAULT 0,
  disabled_at    BIGINT NOT NULL DEFAULT 0,
  reason         TEXT NOT NULL DEFAULT ''
);

-- +goose Down
DROP TABLE webhooks;
