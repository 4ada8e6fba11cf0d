package store

import (
	"strconv"
	"sync"
	"testing"

	"beian/tasks"
)

func TestManyWritersMakeOneJournal(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		const writers, entries = 12, 10
		var group sync.WaitGroup
		for w := range writers {
			group.Go(func() {
				for n := range entries {
					err := s.Audit(t.Context(), AuditEntry{Actor: tasks.Actor{Kind: tasks.ActorOperator, ID: strconv.Itoa(w)},
						Action: "queue.pause", Object: strconv.Itoa(n), Outcome: "done"})
					if err != nil {
						t.Errorf("writer %d, entry %d: %v", w, n, err)
					}
				}
			})
		}
		group.Wait()
		v := verified(t, s)
		if v.Audit != writers*entries || len(v.Broken) > 0 {
			t.Errorf("the journal has %d entries: %+v", v.Audit, v.Broken)
		}
	})
}

func TestTheJournalIsReadPageByPage(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		for n := range 5 {
			if err := s.Audit(t.Context(), AuditEntry{Action: "a", Object: strconv.Itoa(n)}); err != nil {
				t.Fatal(err)
			}
		}
		var seen string
		for below := int64(0); ; {
			page, err := s.AuditEntries(t.Context(), below, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				seen += e.Object
			}
			below = page[len(page)-1].Seq
		}
		if seen != "43210" {
			t.Errorf("read %s", seen)
		}
	})
}

func TestASealCoversEachChangeOnce(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		chained(t, s)
		if n, err := s.Seal(t.Context()); n != 0 || err != nil {
			t.Errorf("sealed %d jobs again, %v", n, err)
		}
		before := verified(t, s).Audit
		seal(t, s)
		if after := verified(t, s).Audit; after != before {
			t.Errorf("a seal without changes wrote %d entries", after-before)
		}
	})
}
