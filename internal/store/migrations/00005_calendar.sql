-- +goose Up
-- The years of the calendar that the console stored (V2): the text of a file, as
-- internal/workday writes it. They replace the shipped ones and those of files.
CREATE TABLE calendar_years (
  year           BIGINT PRIMARY KEY,
  version        BIGINT NOT NULL,
  data           TEXT NOT NULL,
  source         TEXT NOT NULL,
  saved_by       TEXT NOT NULL,
  saved_at       BIGINT NOT NULL
);

-- By which calendar the dates of open reviews were last counted, since when, and
-- how many times: a second time once every process has that calendar.
CREATE TABLE calendar_applied (
  id             BIGINT PRIMARY KEY CHECK (id = 1),
  version        TEXT NOT NULL,
  since          BIGINT NOT NULL,
  passes         BIGINT NOT NULL
);

-- Searching the journal (V4): by who, by what, by action, by time; newest first.
CREATE INDEX audit_actor ON audit (actor_id, seq);
-- The object of a seal lists every head that it anchors, more than an index row
-- may hold: the beginning is enough to find the others.
CREATE INDEX audit_object ON audit (substr(object, 1, 64), seq);
CREATE INDEX audit_action ON audit (action, seq);
CREATE INDEX audit_at ON audit (at);

-- +goose Down
DROP INDEX audit_at;
DROP INDEX audit_action;
DROP INDEX audit_object;
DROP INDEX audit_actor;
DROP TABLE calendar_applied;
DROP TABLE calendar_years;
