package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"beian/internal/filing"
	"beian/tasks"
)

// noticed writes messages to one phone and one mailbox.
func noticed(t *testing.T, s *Store, ids ...string) {
	t.Helper()
	phone, err := filing.ParsePhone("13912345678")
	if err != nil {
		t.Fatal(err)
	}
	mail, err := filing.ParseEmail("zhangsan@example.com")
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(t.Context(), func(x tasks.Tx) error {
		for _, id := range ids {
			n := tasks.Notice{ID: id, JobID: "job", Channel: tasks.ChannelSMS, Template: tasks.TemplateWarned, Lang: "zh-CN", State: tasks.NoticeWaiting, Phone: phone}
			if strings.HasPrefix(id, "mail") {
				n.Channel, n.Phone, n.Email = tasks.ChannelMail, filing.Phone{}, mail
			}
			if err := x.AddNotices(t.Context(), n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func readNotice(t *testing.T, s *Store, id string) (n tasks.Notice) {
	t.Helper()
	err := s.View(t.Context(), func(x tasks.Tx) (err error) {
		n, err = x.Notice(t.Context(), id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestReceiversAreForgottenAfterThirtyDaysAndMessagesAfterAYear(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		ids := []string{"mail-old", "new"}
		for i := range 450 { // more than two transactions
			ids = append(ids, "old-"+string(rune('a'+i/26))+string(rune('a'+i%26)))
		}
		noticed(t, s, ids...)
		day := int64(24 * time.Hour / time.Millisecond)
		mustRun(t, s, `UPDATE notices SET created_at = created_at - $1 WHERE id <> 'new'`, 30*day+1)
		mustRun(t, s, `UPDATE notices SET created_at = created_at - $1 WHERE id = 'new'`, 30*day-60_000)
		n, err := s.ForgetReceivers(t.Context())
		if err != nil || n != 451 {
			t.Fatalf("%d forgotten, %v", n, err)
		}
		for id, want := range map[string]string{"old-aa": "139 **** 5678", "mail-old": "zha***@example.com", "new": "139 **** 5678"} {
			got := readNotice(t, s, id)
			if got.Masked() != want || got.Phone.IsZero() != (id != "new") || !got.Email.IsZero() {
				t.Errorf("%s: %q, %+v", id, got.Masked(), got)
			}
		}
		if left := count(t, s, `SELECT count(*) FROM notices WHERE length(receiver_sealed) > 0 OR receiver_index <> ''`); left != 1 {
			t.Errorf("%d receivers are left", left)
		}
		mustRun(t, s, `UPDATE notices SET created_at = created_at - $1 WHERE id = 'old-aa'`, 335*day)
		if n, err := s.ForgetReceivers(t.Context()); err != nil || n != 1 {
			t.Errorf("after a year: %d, %v", n, err)
		}
		if left := count(t, s, `SELECT count(*) FROM notices`); left != 451 {
			t.Errorf("%d messages are left", left)
		}
		if n, err := s.ForgetReceivers(t.Context()); err != nil || n != 0 {
			t.Errorf("again: %d, %v", n, err)
		}
	})
}

func TestHintsFindOnlyMessagesThatWaitForAReceipt(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		noticed(t, s, "a", "b", "c", "d", "e")
		mustRun(t, s, `UPDATE notices SET state = 'sent', provider_id = 'p-' || id WHERE id IN ('a', 'b', 'c')`)
		mustRun(t, s, `UPDATE notices SET state = 'delivered', provider_id = 'p-d' WHERE id = 'd'`)
		mustRun(t, s, `UPDATE notices SET state = 'sent' WHERE id = 'e'`) // whose answer had no id
		err := s.View(t.Context(), func(x tasks.Tx) error {
			ids, err := x.Hinted(t.Context(), []tasks.Hint{{OutID: "a", ProviderID: "p-a"}, {ProviderID: "p-b"}, {OutID: "d"}, {ProviderID: "p-d"}, {OutID: "nobody's"}, {}})
			slices.Sort(ids)
			if err != nil || !slices.Equal(ids, []string{"a", "b"}) {
				t.Errorf("%v, %v", ids, err)
			}
			none, err := x.Hinted(t.Context(), nil)
			if err != nil || len(none) != 0 {
				t.Errorf("%v, %v", none, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestWhenAMessageWasLastTriedIsKept(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		noticed(t, s, "a")
		n := readNotice(t, s, "a")
		if !n.TriedAt.IsZero() {
			t.Errorf("tried at %s", n.TriedAt)
		}
		n.State, n.TriedAt = tasks.NoticeSending, time.UnixMilli(1_780_000_000_000).UTC()
		if err := s.Update(t.Context(), func(x tasks.Tx) error { return x.SaveNotice(t.Context(), n) }); err != nil {
			t.Fatal(err)
		}
		if got := readNotice(t, s, "a"); !got.TriedAt.Equal(n.TriedAt) || got.State != tasks.NoticeSending {
			t.Errorf("%+v", got)
		}
	})
}
