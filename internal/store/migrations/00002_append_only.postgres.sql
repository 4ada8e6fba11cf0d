-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only (A7)', TG_TABLE_NAME; END;
$$;
-- +goose StatementEnd
CREATE TRIGGER timeline_append_only BEFORE UPDATE OR DELETE ON timeline
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER timeline_no_truncate BEFORE TRUNCATE ON timeline
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- +goose Down
DROP TRIGGER audit_no_truncate ON audit;
DROP TRIGGER audit_append_only ON audit;
DROP TRIGGER timeline_no_truncate ON timeline;
DROP TRIGGER timeline_append_only ON timeline;
DROP FUNCTION refuse_change();
