package store

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/internal/testenv"
	"beian/tasks"
)

func TestTheSchemaGoesUpDownAndUpAgain(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]func(testing.TB) string{"sqlite": sqliteURL, "postgres": testenv.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := openTest(t, url(t))
			steps := []string{"00001_record.sql", "00002_append_only.sql", "00003_recovery.sql", "00004_login_reset.sql", "00005_calendar.sql", "00006_legacy_import.sql", "00007_cases.sql", "00008_messages.sql", "00009_console.sql", "00010_lookups.sql", "00011_contact_change.sql", "00012_api_keys.sql", "00013_webhooks.sql",
				"00014_traces.sql"}
			expectSchema(t, s, steps, 0)
			up(t, s, steps)
			expectSchema(t, s, steps, len(steps))
			up(t, s, nil)
			for left := len(steps) - 1; left >= 0; left-- {
				if taken, err := s.MigrateDown(t.Context()); err != nil || len(taken) != 1 || taken[0].Name != steps[left] {
					t.Fatalf("taking step %d back: %v, %v", left+1, taken, err)
				}
				expectSchema(t, s, steps, left)
			}
			up(t, s, steps)
			mustRun(t, s, `INSERT INTO marks (name, value) VALUES ('after', 1)`)
		})
	}
}

func up(t *testing.T, s *Store, want []string) {
	t.Helper()
	taken, err := s.Migrate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range taken {
		names = append(names, m.Name)
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("steps taken (-want +got):\n%s", diff)
	}
}

func expectSchema(t *testing.T, s *Store, steps []string, applied int) {
	t.Helper()
	list, err := s.Migrations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != len(steps) {
		t.Fatalf("%d steps are known, want %d", len(list), len(steps))
	}
	for i, m := range list {
		if m.Name != steps[i] || m.Applied != (i < applied) || m.SQL == "" {
			t.Errorf("step %d is %s, applied %v, with %d characters", i+1, m.Name, m.Applied, len(m.SQL))
		}
	}
	want := error(nil)
	if applied < len(steps) {
		want = ErrBehind
	}
	if err := s.Current(t.Context()); !errors.Is(err, want) {
		t.Errorf("Current says %v, want %v", err, want)
	}
}

func TestTimelineAndJournalRefuseChanges(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		if err := s.Audit(t.Context(), AuditEntry{Actor: tasks.System(), Action: "test", Outcome: "done"}); err != nil {
			t.Fatal(err)
		}
		mustRun(t, s, `INSERT INTO jobs (id, receipt, kind, state, version, subject_id, source_account_id, target_account_id, lang,
		  facts, events, head, tracking_index, veto_index, created_at, updated_at)
		  VALUES ('j', 'r', 'transfer', 'done', 1, 's', 'a', 'b', 'en', '{}', 1, $1, '', '', 1, 1)`, []byte{1})
		mustRun(t, s, `INSERT INTO timeline (job_id, seq, at, actor_kind, actor_id, what, from_state, to_state, note, prev, hash)
		  VALUES ('j', 1, 1, 'system', '', 'submitted', '', 'done', '', $1, $1)`, []byte{1})
		refused := []string{`UPDATE timeline SET note = 'x'`, `DELETE FROM timeline`, `UPDATE audit SET reason = 'x'`, `DELETE FROM audit`}
		if s.Engine() == "postgres" {
			refused = append(refused, `TRUNCATE timeline`, `TRUNCATE audit`)
		}
		for _, text := range refused {
			if run(t, s, text) == nil {
				t.Errorf("%s was allowed", text)
			}
		}
		if count(t, s, `SELECT count(*) FROM timeline WHERE note = ''`)+count(t, s, `SELECT count(*) FROM audit WHERE reason = ''`) != 2 {
			t.Error("a row was lost or changed")
		}
	})
}
