-- +goose Up
-- The legacy import (I1–I8). A secret has a key of its own, which is overwritten
-- and deleted with it: no copy of the database opens it any more (I3).
CREATE TABLE job_secrets (
  job_id         TEXT NOT NULL,
  name           TEXT NOT NULL,
  wrapped        BYTEA NOT NULL,
  value_sealed   BYTEA NOT NULL,
  created_at     BIGINT NOT NULL,
  PRIMARY KEY (job_id, name)
);

-- Tries at legacy logins, by the keyed digest of each (I3). The row without a job
-- is what simultaneous tries at one login queue up on.
CREATE TABLE legacy_tries (
  login_index    TEXT NOT NULL,
  job_id         TEXT NOT NULL,
  wrong          BIGINT NOT NULL,
  at             BIGINT NOT NULL,
  PRIMARY KEY (login_index, job_id)
);
CREATE INDEX legacy_tries_age ON legacy_tries (at);

-- I4: one legacy account, one account, both ways.
CREATE TABLE legacy_ties (
  legacy_id      TEXT PRIMARY KEY,
  account_id     TEXT NOT NULL UNIQUE REFERENCES accounts (id),
  job_id         TEXT NOT NULL UNIQUE REFERENCES jobs (id),
  at             BIGINT NOT NULL
);

-- The differences (I5), then the report (I8): masked values and codes only.
CREATE TABLE legacy_items (
  job_id         TEXT NOT NULL,
  no             BIGINT NOT NULL,
  parent         BIGINT NOT NULL,
  kind           TEXT NOT NULL CHECK (kind IN ('subject', 'website', 'material', 'fault')),
  legacy_id      TEXT NOT NULL,
  title          TEXT NOT NULL,
  action         TEXT NOT NULL CHECK (action IN ('create', 'merge', 'skip')),
  state          TEXT NOT NULL CHECK (state IN ('pending', 'imported', 'kept', 'skipped', 'failed')),
  code           TEXT NOT NULL,
  field          TEXT NOT NULL,
  choice         TEXT NOT NULL,
  field_rows     TEXT NOT NULL,
  here_id        TEXT NOT NULL,
  at             BIGINT NOT NULL,
  PRIMARY KEY (job_id, no),
  UNIQUE (job_id, kind, legacy_id)
);
CREATE INDEX legacy_items_pending ON legacy_items (job_id, kind, no) WHERE state = 'pending';

-- A6: one open import per account, and one open case that asks for one on papers.
CREATE UNIQUE INDEX jobs_import_open ON jobs (source_account_id, kind) WHERE ended = 0 AND kind IN ('legacy_import', 'legacy_papers');

-- +goose Down
DROP INDEX jobs_import_open;
DROP TABLE legacy_items;
DROP TABLE legacy_ties;
DROP TABLE legacy_tries;
DROP TABLE job_secrets;
