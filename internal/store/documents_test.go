package store

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

// document is a picture of a job's ID card as it comes from the desk.
func document(id, jobID string) tasks.Document {
	return tasks.Document{ID: id, JobID: jobID, Slot: tasks.SlotIDFront, Round: 1, Media: "image/jpeg", Width: 1600, Height: 1200,
		Pages: []string{id + ".1", id + ".2"}, Thumb: id + ".thumb", Digest: "D1", Likeness: 0xfedcba9876543210,
		Flags:     []tasks.DocumentFlag{{Code: "DOC_BLURRED", Params: map[string]string{"value": "41"}}},
		CreatedAt: time.Now().UTC().Truncate(time.Millisecond)}
}

func addDocument(t testing.TB, s *Store, d tasks.Document) {
	t.Helper()
	inTx(t, s, func(x *tx) error { return x.AddDocument(t.Context(), d) })
}

func documentsOf(t testing.TB, s *Store, jobID string) (out []tasks.Document) {
	t.Helper()
	err := s.View(t.Context(), func(x tasks.Tx) (err error) {
		out, err = x.Documents(t.Context(), jobID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestL4ANewDocumentTakesThePlaceOfTheOneInItsSlot(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		first, second, back := document("d1", "j1"), document("d2", "j1"), document("d3", "j1")
		second.Flags, second.CreatedAt = nil, first.CreatedAt.Add(time.Second)
		back.Slot, back.CreatedAt, back.Likeness = tasks.SlotIDBack, first.CreatedAt.Add(2*time.Second), 0
		addDocument(t, s, first)
		inTx(t, s, func(x *tx) error { return x.InsistOn(t.Context(), "d1") })
		first.Insisted = true
		if diff := cmp.Diff([]tasks.Document{first}, documentsOf(t, s, "j1")); diff != "" {
			t.Error(diff)
		}
		addDocument(t, s, second)
		addDocument(t, s, back)
		addDocument(t, s, document("d9", "j2"))
		first.Replaced = true
		if diff := cmp.Diff([]tasks.Document{first, second, back}, documentsOf(t, s, "j1")); diff != "" {
			t.Error(diff)
		}
		inTx(t, s, func(x *tx) error { return x.RemoveDocument(t.Context(), "j1", tasks.SlotIDFront) })
		second.Replaced = true
		if diff := cmp.Diff([]tasks.Document{first, second, back}, documentsOf(t, s, "j1")); diff != "" {
			t.Error(diff)
		}
		err := s.Update(t.Context(), func(x tasks.Tx) error { return x.InsistOn(t.Context(), "none") })
		if !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("insisting on nothing gave %v", err)
		}
	})
}

func TestOneSlotHoldsOneDocumentHoweverManyComeAtOnce(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		errs := atOnce(12, func(i int) error {
			d := document("d"+string(rune('a'+i)), "j1")
			return s.Update(t.Context(), func(x tasks.Tx) error { return x.AddDocument(t.Context(), d) })
		})
		added := 0
		for _, err := range errs {
			if err == nil {
				added++
			} else if !errors.Is(err, tasks.ErrConflict) {
				t.Error(err)
			}
		}
		current := slices.DeleteFunc(documentsOf(t, s, "j1"), func(d tasks.Document) bool { return d.Replaced })
		if added == 0 || len(current) != 1 {
			t.Errorf("%d were added, %d are current", added, len(current))
		}
	})
}

func TestV5TheStoreRemembersWhoOpenedWhichDocument(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		addDocument(t, s, document("d1", "j1"))
		addDocument(t, s, document("d2", "j1"))
		addDocument(t, s, document("d3", "j2"))
		for _, look := range [][2]string{{"d2", "ann"}, {"d2", "ann"}, {"d1", "ann"}, {"d1", "ben"}, {"d3", "ann"}} {
			inTx(t, s, func(x *tx) error { return x.MarkViewed(t.Context(), look[0], look[1]) })
		}
		for staff, want := range map[string][]string{"ann": {"d1", "d2"}, "ben": {"d1"}, "cid": nil} {
			err := s.View(t.Context(), func(x tasks.Tx) error {
				got, err := x.Viewed(t.Context(), "j1", staff)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(staff, diff)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func lookalikes(t testing.TB, s *Store, d tasks.Document) (n int) {
	t.Helper()
	err := s.View(t.Context(), func(x tasks.Tx) (err error) {
		n, err = x.Lookalikes(t.Context(), d)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPicturesLookAlikeByDigestOrWhenAtMostFourBitsDiffer(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		submitted(t, s, "j2", told(t, 2), "a2", "s2")
		submitted(t, s, "me", told(t, 1), "a1", "s1")
		mine := document("me", "me")
		r := rand.New(rand.NewPCG(7, 7))
		put := func(id, digest string, likeness uint64) {
			d := document(id, "j2")
			d.Digest, d.Likeness, d.Slot = digest, likeness, tasks.Slot(id) // a slot each, so that all are current
			addDocument(t, s, d)
		}
		want := 0
		for i := range 60 { // any four bits, over all bands
			likeness := mine.Likeness
			for _, bit := range r.Perm(64)[:i%7] {
				likeness ^= 1 << bit
			}
			put("p"+string(rune('a'+i)), "other", likeness)
			if i%7 <= 4 {
				want++
			}
		}
		put("equal", mine.Digest, ^mine.Likeness)
		if got := lookalikes(t, s, mine); got != want+1 {
			t.Errorf("%d look alike, want %d", got, want+1)
		}
		mine.Likeness = 0
		if got := lookalikes(t, s, mine); got != 1 {
			t.Errorf("without a likeness %d look alike, want the equal one", got)
		}
		mine.Likeness = ^uint64(0)
		put("all", "ones", ^uint64(0)) // the sign bit is a bit as any other
		if got := lookalikes(t, s, mine); got != 2 {
			t.Errorf("%d look like all ones, want the equal digest and the like picture", got)
		}
		mustRun(t, s, `UPDATE documents SET created_at = created_at - $1`, (91 * 24 * time.Hour).Milliseconds())
		if got := lookalikes(t, s, mine); got != 0 {
			t.Errorf("%d of over 90 days ago", got)
		}
	})
}

func TestOnesOwnDraftThatWasNeverSubmittedIsNoLookalike(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		drafted(t, s, "again", told(t, 1))
		addDocument(t, s, document("d1", "again"))
		submitted(t, s, "me", told(t, 1), "a1", "s1")
		if got := lookalikes(t, s, document("me", "me")); got != 0 {
			t.Errorf("%d look alike", got)
		}
		drafted(t, s, "stranger", told(t, 2))
		addDocument(t, s, document("d2", "stranger"))
		if got := lookalikes(t, s, document("me", "me")); got != 1 {
			t.Errorf("%d look alike, want another person's", got)
		}
	})
}
