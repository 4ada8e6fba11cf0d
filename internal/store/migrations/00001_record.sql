-- +goose Up
-- One text for SQLite and PostgreSQL. Times are integer milliseconds of database
-- time, 0 = none. Columns ending in _sealed are encrypted by internal/vault,
-- columns ending in _index are keyed digests for look-ups; nothing personal is
-- stored in clear.

CREATE TABLE subject_slots (
  slot BIGINT PRIMARY KEY
);
INSERT INTO subject_slots (slot) VALUES (1);

CREATE TABLE accounts (
  id             TEXT PRIMARY KEY,
  external_id    TEXT NOT NULL UNIQUE,
  site           TEXT NOT NULL CHECK (site IN ('china', 'international')),
  status         TEXT NOT NULL CHECK (status IN ('active', 'frozen', 'closed')),
  login_sealed   BYTEA,
  login_index    TEXT UNIQUE,
  phone_sealed   BYTEA,
  phone_index    TEXT,
  real_name_sealed        BYTEA,
  real_certificate_sealed BYTEA,
  real_verified  BIGINT NOT NULL DEFAULT 0,
  password_hash  TEXT,
  hold_until     BIGINT NOT NULL DEFAULT 0,
  lang           TEXT NOT NULL DEFAULT 'zh-CN',
  version        BIGINT NOT NULL DEFAULT 1,
  as_of          BIGINT NOT NULL DEFAULT 0,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL
);
CREATE INDEX accounts_phone ON accounts (phone_index);

-- A1: at most one subject per slot of an account; the slots that exist are the
-- policy. A2: one subject (certificate type and number) lives in one account.
CREATE TABLE subjects (
  id             TEXT PRIMARY KEY,
  external_id    TEXT NOT NULL UNIQUE,
  account_id     TEXT NOT NULL REFERENCES accounts (id),
  slot           BIGINT NOT NULL DEFAULT 1 REFERENCES subject_slots (slot),
  nature         TEXT NOT NULL CHECK (nature IN ('individual', 'organisation')),
  name_sealed    BYTEA NOT NULL,
  name_index     TEXT NOT NULL,
  certificate_type   TEXT NOT NULL,
  certificate_sealed BYTEA NOT NULL,
  certificate_index  TEXT NOT NULL,
  icp_number     TEXT UNIQUE,
  principal_sealed BYTEA NOT NULL,
  principal_phone_index TEXT,
  version        BIGINT NOT NULL DEFAULT 1,
  as_of          BIGINT NOT NULL DEFAULT 0,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL,
  UNIQUE (account_id, slot),
  UNIQUE (certificate_type, certificate_index)
);
CREATE INDEX subjects_name ON subjects (name_index);

CREATE TABLE websites (
  id             TEXT PRIMARY KEY,
  external_id    TEXT NOT NULL UNIQUE,
  subject_id     TEXT NOT NULL REFERENCES subjects (id),
  name           TEXT NOT NULL,
  domain         TEXT NOT NULL UNIQUE,
  suffix         BIGINT NOT NULL DEFAULT 1,
  domain_account TEXT NOT NULL DEFAULT '',
  server_account TEXT NOT NULL DEFAULT '',
  principal_sealed BYTEA NOT NULL,
  as_of          BIGINT NOT NULL DEFAULT 0,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL
);
CREATE INDEX websites_subject ON websites (subject_id);

CREATE TABLE filing_orders (
  id             TEXT PRIMARY KEY,
  external_id    TEXT NOT NULL UNIQUE,
  account_id     TEXT NOT NULL REFERENCES accounts (id),
  kind           TEXT NOT NULL,
  in_progress    BIGINT NOT NULL,
  as_of          BIGINT NOT NULL DEFAULT 0,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL
);
CREATE INDEX filing_orders_open ON filing_orders (account_id) WHERE in_progress = 1;

CREATE TABLE records (
  id             TEXT PRIMARY KEY,
  external_id    TEXT NOT NULL UNIQUE,
  subject_id     TEXT NOT NULL REFERENCES subjects (id),
  account_id     TEXT NOT NULL REFERENCES accounts (id),
  kind           TEXT NOT NULL CHECK (kind IN ('document', 'review')),
  title          TEXT NOT NULL,
  as_of          BIGINT NOT NULL DEFAULT 0,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL
);
CREATE INDEX records_subject ON records (subject_id);

CREATE TABLE jobs (
  id             TEXT PRIMARY KEY,
  receipt        TEXT NOT NULL UNIQUE,
  kind           TEXT NOT NULL,
  state          TEXT NOT NULL,
  before_state   TEXT NOT NULL DEFAULT '',
  version        BIGINT NOT NULL,
  ended          BIGINT NOT NULL DEFAULT 0,
  subject_id     TEXT NOT NULL,
  source_account_id TEXT NOT NULL,
  target_account_id TEXT NOT NULL,
  lang           TEXT NOT NULL,
  facts          TEXT NOT NULL,
  blockers       TEXT NOT NULL DEFAULT '[]',
  events         BIGINT NOT NULL,
  head           BYTEA NOT NULL,
  tracking_index TEXT NOT NULL,
  veto_index     TEXT NOT NULL,
  expires_at     BIGINT NOT NULL DEFAULT 0,
  disputed_at    BIGINT NOT NULL DEFAULT 0,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL,
  ended_at       BIGINT NOT NULL DEFAULT 0,
  sealed_version BIGINT NOT NULL DEFAULT 0
);
-- A6: one open job per subject and kind.
CREATE UNIQUE INDEX jobs_open ON jobs (subject_id, kind) WHERE ended = 0;
CREATE INDEX jobs_source ON jobs (source_account_id);
CREATE INDEX jobs_target ON jobs (target_account_id);
CREATE INDEX jobs_disputed ON jobs (disputed_at) WHERE disputed_at > 0;
CREATE INDEX jobs_unsealed ON jobs (updated_at) WHERE sealed_version < version;

-- A7: append-only and hash-chained per job; triggers of the next file refuse
-- UPDATE and DELETE.
CREATE TABLE timeline (
  job_id         TEXT NOT NULL REFERENCES jobs (id),
  seq            BIGINT NOT NULL,
  at             BIGINT NOT NULL,
  actor_kind     TEXT NOT NULL,
  actor_id       TEXT NOT NULL,
  what           TEXT NOT NULL,
  from_state     TEXT NOT NULL,
  to_state       TEXT NOT NULL,
  note           TEXT NOT NULL,
  prev           BYTEA NOT NULL,
  hash           BYTEA NOT NULL,
  PRIMARY KEY (job_id, seq)
);

-- The house's own journal: staff actions, dashboard actions, policies, and the
-- seals that anchor the timelines' heads. One chain.
CREATE TABLE audit (
  seq            BIGINT PRIMARY KEY,
  at             BIGINT NOT NULL,
  actor_kind     TEXT NOT NULL,
  actor_id       TEXT NOT NULL,
  action         TEXT NOT NULL,
  object         TEXT NOT NULL,
  reason         TEXT NOT NULL,
  outcome        TEXT NOT NULL,
  request_id     TEXT NOT NULL,
  prev           BYTEA NOT NULL,
  hash           BYTEA NOT NULL
);

-- Work that was decided and must be delivered. waiting -> sent -> running ->
-- done | dead; a lost worker's task goes back to waiting with a new generation.
CREATE TABLE outbox (
  id             TEXT PRIMARY KEY,
  generation     BIGINT NOT NULL DEFAULT 1,
  queue          TEXT NOT NULL,
  type           TEXT NOT NULL,
  ref            TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'running', 'done', 'dead')),
  not_before     BIGINT NOT NULL,
  attempts       BIGINT NOT NULL DEFAULT 0,
  fence          BIGINT NOT NULL DEFAULT 0,
  lease_until    BIGINT NOT NULL DEFAULT 0,
  mark           BIGINT NOT NULL DEFAULT 0,
  reason         TEXT NOT NULL DEFAULT '',
  created_at     BIGINT NOT NULL,
  sent_at        BIGINT NOT NULL DEFAULT 0,
  ended_at       BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX outbox_waiting ON outbox (queue, not_before) WHERE state = 'waiting';
CREATE INDEX outbox_sent ON outbox (queue, not_before) WHERE state = 'sent';
CREATE INDEX outbox_running ON outbox (lease_until) WHERE state = 'running';
CREATE INDEX outbox_dead ON outbox (ended_at) WHERE state = 'dead';
CREATE INDEX outbox_done ON outbox (ended_at) WHERE state = 'done';

-- How far Redis had come, per queue: when Redis knows less, it went back in time.
CREATE TABLE marks (
  name           TEXT PRIMARY KEY,
  value          BIGINT NOT NULL
);

CREATE TABLE leaders (
  name           TEXT PRIMARY KEY,
  holder         TEXT NOT NULL,
  until          BIGINT NOT NULL
);

-- C3: one row per message.
CREATE TABLE notices (
  id             TEXT PRIMARY KEY,
  job_id         TEXT NOT NULL,
  channel        TEXT NOT NULL,
  template       TEXT NOT NULL,
  purpose        TEXT NOT NULL DEFAULT '',
  code_id        TEXT NOT NULL DEFAULT '',
  lang           TEXT NOT NULL,
  receiver_sealed BYTEA NOT NULL,
  receiver_index TEXT NOT NULL,
  params         TEXT NOT NULL,
  state          TEXT NOT NULL,
  provider_id    TEXT NOT NULL DEFAULT '',
  reason         TEXT NOT NULL DEFAULT '',
  created_at     BIGINT NOT NULL,
  sent_at        BIGINT NOT NULL DEFAULT 0,
  updated_at     BIGINT NOT NULL
);
CREATE INDEX notices_job ON notices (job_id);
CREATE INDEX notices_codes ON notices (receiver_index, created_at) WHERE code_id <> '';

CREATE TABLE codes (
  id             TEXT PRIMARY KEY,
  job_id         TEXT NOT NULL,
  purpose        TEXT NOT NULL,
  phone_sealed   BYTEA NOT NULL,
  tries          BIGINT NOT NULL,
  created_at     BIGINT NOT NULL,
  expires_at     BIGINT NOT NULL,
  sent_at        BIGINT NOT NULL,
  used_at        BIGINT NOT NULL
);
CREATE INDEX codes_job ON codes (job_id, purpose, created_at);

CREATE TABLE idempotency (
  scope          TEXT NOT NULL,
  key            TEXT NOT NULL,
  fingerprint    TEXT NOT NULL,
  answer         TEXT NOT NULL,
  created_at     BIGINT NOT NULL,
  PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE limits (
  name           TEXT NOT NULL,
  key            TEXT NOT NULL,
  free_at        BIGINT NOT NULL,
  PRIMARY KEY (name, key)
);
CREATE INDEX limits_age ON limits (free_at);

CREATE TABLE sessions (
  id             TEXT PRIMARY KEY,
  token_hash     TEXT NOT NULL UNIQUE,
  account_id     TEXT NOT NULL DEFAULT '',
  staff_id       TEXT NOT NULL DEFAULT '',
  client         TEXT NOT NULL DEFAULT '',
  created_at     BIGINT NOT NULL,
  seen_at        BIGINT NOT NULL,
  expires_at     BIGINT NOT NULL
);
CREATE INDEX sessions_account ON sessions (account_id);
CREATE INDEX sessions_staff ON sessions (staff_id);
CREATE INDEX sessions_age ON sessions (expires_at);

CREATE TABLE staff (
  id             TEXT PRIMARY KEY,
  login          TEXT NOT NULL UNIQUE,
  name           TEXT NOT NULL,
  role           TEXT NOT NULL CHECK (role IN ('reviewer', 'supervisor', 'operator', 'auditor')),
  password_hash  TEXT NOT NULL,
  disabled_at    BIGINT NOT NULL DEFAULT 0,
  created_at     BIGINT NOT NULL
);

CREATE TABLE inbox (
  id             TEXT PRIMARY KEY,
  channel        TEXT NOT NULL,
  receiver_sealed BYTEA NOT NULL,
  text_sealed    BYTEA NOT NULL,
  at             BIGINT NOT NULL,
  delivered_at   BIGINT NOT NULL
);
CREATE INDEX inbox_at ON inbox (at);

-- What an applicant has typed before it is a job; sealed, because it names people.
CREATE TABLE drafts (
  id             TEXT PRIMARY KEY,
  account_id     TEXT NOT NULL REFERENCES accounts (id),
  kind           TEXT NOT NULL,
  fields_sealed  BYTEA NOT NULL,
  updated_at     BIGINT NOT NULL
);
CREATE INDEX drafts_age ON drafts (updated_at);

CREATE TABLE imports (
  name           TEXT PRIMARY KEY,
  line           BIGINT NOT NULL,
  digest         TEXT NOT NULL,
  updated_at     BIGINT NOT NULL
);

-- +goose Down
DROP TABLE imports;
DROP TABLE drafts;
DROP TABLE inbox;
DROP TABLE staff;
DROP TABLE sessions;
DROP TABLE limits;
DROP TABLE idempotency;
DROP TABLE codes;
DROP TABLE notices;
DROP TABLE leaders;
DROP TABLE marks;
DROP TABLE outbox;
DROP TABLE audit;
DROP TABLE timeline;
DROP TABLE jobs;
DROP TABLE records;
DROP TABLE filing_orders;
DROP TABLE websites;
DROP TABLE subjects;
DROP TABLE accounts;
DROP TABLE subject_slots;
