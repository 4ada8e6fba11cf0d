-- +goose Up
-- The login reset (L1–L10): what applicants told and uploaded, and the reviews.
-- What a job's own key sealed is unreadable in every copy once its row in job_keys
-- is gone (L10).
CREATE TABLE job_keys (
  job_id         TEXT PRIMARY KEY,
  wrapped        BYTEA NOT NULL,
  created_at     BIGINT NOT NULL
);

CREATE TABLE dossiers (
  job_id         TEXT PRIMARY KEY,
  fields_sealed  BYTEA NOT NULL,
  updated_at     BIGINT NOT NULL
);

-- Keyed digests of what jobs can have in common (V5). They outlive the dossier.
CREATE TABLE job_marks (
  job_id         TEXT NOT NULL,
  kind           TEXT NOT NULL CHECK (kind IN ('phone', 'email', 'certificate')),
  digest         TEXT NOT NULL,
  at             BIGINT NOT NULL,
  PRIMARY KEY (job_id, kind)
);
CREATE INDEX job_marks_digest ON job_marks (kind, digest, at);

CREATE TABLE documents (
  id             TEXT PRIMARY KEY,
  job_id         TEXT NOT NULL,
  slot           TEXT NOT NULL,
  round          BIGINT NOT NULL,
  media          TEXT NOT NULL,
  width          BIGINT NOT NULL,
  height         BIGINT NOT NULL,
  pages          TEXT NOT NULL,
  thumb          TEXT NOT NULL,
  flags          TEXT NOT NULL,
  insisted       BIGINT NOT NULL,
  digest         TEXT NOT NULL,
  likeness       BIGINT NOT NULL,
  replaced       BIGINT NOT NULL DEFAULT 0,
  created_at     BIGINT NOT NULL,
  shredded_at    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX documents_job ON documents (job_id, created_at);
CREATE UNIQUE INDEX documents_current ON documents (job_id, slot) WHERE replaced = 0;
CREATE INDEX documents_digest ON documents (digest, created_at);

-- Five bands of a likeness: two that differ in at most four bits have one alike.
CREATE TABLE document_bands (
  band           BIGINT NOT NULL,
  created_at     BIGINT NOT NULL,
  document_id    TEXT NOT NULL REFERENCES documents (id),
  PRIMARY KEY (band, created_at, document_id)
);

CREATE TABLE document_views (
  document_id    TEXT NOT NULL REFERENCES documents (id),
  staff_id       TEXT NOT NULL,
  at             BIGINT NOT NULL,
  PRIMARY KEY (document_id, staff_id)
);

-- V1. A claim whose lease ran out counts as open, so both stand in one index.
CREATE TABLE reviews (
  job_id         TEXT PRIMARY KEY,
  receipt        TEXT NOT NULL UNIQUE,
  kind           TEXT NOT NULL,
  nature         TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('open', 'claimed', 'deciding', 'paused', 'approved', 'rejected', 'closed')),
  version        BIGINT NOT NULL,
  round          BIGINT NOT NULL,
  stage          BIGINT NOT NULL,
  tier           BIGINT NOT NULL,
  needs_two      BIGINT NOT NULL,
  first_by       TEXT NOT NULL,
  holder         TEXT NOT NULL,
  lease_until    BIGINT NOT NULL,
  risk           TEXT NOT NULL,
  risky          BIGINT NOT NULL,
  started_at     BIGINT NOT NULL,
  due_at         BIGINT NOT NULL,
  promised       BIGINT NOT NULL,
  paused_at      BIGINT NOT NULL,
  reminded       BIGINT NOT NULL,
  breached_at    BIGINT NOT NULL,
  breaches       BIGINT NOT NULL,
  nudged_at      BIGINT NOT NULL,
  worked_from    BIGINT NOT NULL,
  decided_at     BIGINT NOT NULL,
  decided_by     TEXT NOT NULL,
  undo_until     BIGINT NOT NULL,
  ended          BIGINT NOT NULL,
  ended_at       BIGINT NOT NULL
);
CREATE INDEX reviews_all ON reviews (due_at, job_id) WHERE ended = 0;
CREATE INDEX reviews_free ON reviews (due_at, job_id) WHERE state IN ('open', 'claimed');
CREATE INDEX reviews_waiting ON reviews (due_at, job_id) WHERE state IN ('open', 'claimed') AND stage = 1 AND tier = 0;
CREATE INDEX reviews_second ON reviews (due_at, job_id) WHERE state IN ('open', 'claimed') AND stage = 2;
CREATE INDEX reviews_held ON reviews (holder, due_at, job_id) WHERE state IN ('claimed', 'deciding');
CREATE INDEX reviews_leased ON reviews (stage, tier, lease_until) WHERE state = 'claimed';
CREATE INDEX reviews_paused ON reviews (due_at) WHERE state = 'paused';
CREATE INDEX reviews_escalated ON reviews (due_at, job_id) WHERE tier > 0 AND ended = 0;
CREATE INDEX reviews_risky ON reviews (due_at, job_id) WHERE risky = 1 AND ended = 0;
CREATE INDEX reviews_breached ON reviews (due_at) WHERE breaches > 0 AND ended = 0;
CREATE INDEX reviews_late ON reviews (breaches, state) WHERE reminded >= 80 AND ended = 0;
CREATE INDEX reviews_done ON reviews (ended_at, job_id) WHERE ended = 1;
CREATE INDEX reviews_started ON reviews (started_at, kind);
CREATE INDEX reviews_decided ON reviews (decided_at, kind, state, due_at, breaches) WHERE decided_at > 0;

CREATE TABLE decisions (
  id             TEXT PRIMARY KEY,
  job_id         TEXT NOT NULL,
  round          BIGINT NOT NULL,
  stage          BIGINT NOT NULL,
  staff_kind     TEXT NOT NULL,
  staff_id       TEXT NOT NULL,
  verdict        TEXT NOT NULL CHECK (verdict IN ('approve', 'reject', 'need_more', 'escalate')),
  findings       TEXT NOT NULL,
  checks         TEXT NOT NULL,
  note_sealed    BYTEA,
  at             BIGINT NOT NULL,
  worked_from    BIGINT NOT NULL,
  settled        BIGINT NOT NULL,
  undone         BIGINT NOT NULL
);
CREATE INDEX decisions_job ON decisions (job_id, at);
CREATE INDEX decisions_settled ON decisions (settled, verdict) WHERE settled > 0;
-- One decision at a time can still be taken back: two reviewers can't both decide.
CREATE UNIQUE INDEX decisions_pending ON decisions (job_id) WHERE settled = 0 AND undone = 0;

-- A6 is about subjects, and a draft names none yet.
DROP INDEX jobs_open;
CREATE UNIQUE INDEX jobs_open ON jobs (subject_id, kind) WHERE ended = 0 AND subject_id <> '';
CREATE INDEX jobs_subject ON jobs (subject_id, created_at) WHERE subject_id <> '';
ALTER TABLE jobs ADD COLUMN shredded_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX jobs_keeping ON jobs (state, ended_at) WHERE kind = 'login_reset' AND ended = 1 AND shredded_at = 0;

-- When phone or login last changed, and when a reset last replaced the login (L8).
ALTER TABLE accounts ADD COLUMN contact_changed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN login_replaced_at BIGINT NOT NULL DEFAULT 0;

-- Names are compared folded after opening, in the row that the certificate finds
-- (A2). Their digest is of the folded form from now on and names in older rows
-- keep the digest of the unfolded one: nothing looks them up by it.

-- +goose Down
ALTER TABLE accounts DROP COLUMN login_replaced_at;
ALTER TABLE accounts DROP COLUMN contact_changed_at;
DROP INDEX jobs_keeping;
ALTER TABLE jobs DROP COLUMN shredded_at;
DROP INDEX jobs_subject;
DROP INDEX jobs_open;
-- The older index counts "no subject" as one; drafts become subjects of their own.
UPDATE jobs SET subject_id = id WHERE subject_id = '';
CREATE UNIQUE INDEX jobs_open ON jobs (subject_id, kind) WHERE ended = 0;
DROP TABLE decisions;
DROP TABLE reviews;
DROP TABLE document_views;
DROP TABLE document_bands;
DROP TABLE documents;
DROP TABLE job_marks;
DROP TABLE dossiers;
DROP TABLE job_keys;
