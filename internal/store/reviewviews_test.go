package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

func TestViewsAreTheirMembersOwn(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		ann, ben := p.hire(t, "ann", tasks.ActorReviewer).ID, p.hire(t, "ben", tasks.ActorReviewer).ID
		for _, v := range []ReviewView{{"v1", ann, "mine", "tab=mine"}, {"v2", ann, "risky", "risky=1&tab=waiting"}, {"v3", ben, "mine", "tab=second"}} {
			if err := p.store.AddReviewView(t.Context(), v); err != nil {
				t.Fatal(err)
			}
		}
		for name, err := range map[string]error{
			"a taken name": p.store.AddReviewView(t.Context(), ReviewView{"v4", ann, "mine", "tab=done"}),
			"a rename":     p.store.RenameReviewView(t.Context(), ReviewView{ID: "v2", StaffID: ann, Name: "mine"}),
		} {
			if faultOf(err) != viewTaken {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, err := range map[string]error{"renaming": p.store.RenameReviewView(t.Context(), ReviewView{ID: "v3", StaffID: ann, Name: "x"}),
			"dropping": p.store.DropReviewView(t.Context(), ann, "v3")} {
			if !errors.Is(err, tasks.ErrNotFound) {
				t.Errorf("%s somebody else's: %v", name, err)
			}
		}
		if err := errors.Join(p.store.RenameReviewView(t.Context(), ReviewView{ID: "v2", StaffID: ann, Name: "flagged"}),
			p.store.RenameReviewView(t.Context(), ReviewView{ID: "v2", StaffID: ann, Name: "flagged"}), p.store.DropReviewView(t.Context(), ann, "v1")); err != nil {
			t.Fatal(err)
		}
		got, err := p.store.ReviewViews(t.Context(), ann)
		if diff := cmp.Diff([]ReviewView{{"v2", ann, "flagged", "risky=1&tab=waiting"}}, got); diff != "" || err != nil {
			t.Error(err, diff)
		}
	})
}

func TestAMemberKeepsTwentyViewsHoweverManyAreSavedAtOnce(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		ann := p.hire(t, "ann", tasks.ActorReviewer).ID
		var all sync.WaitGroup
		for i := range maxReviewViews + 5 {
			all.Go(func() {
				err := p.store.AddReviewView(t.Context(), ReviewView{fmt.Sprint("v", i), ann, fmt.Sprint("view ", i), "tab=mine"})
				if err != nil && faultOf(err) != viewsFull {
					t.Error(err)
				}
			})
		}
		all.Wait()
		got, err := p.store.ReviewViews(t.Context(), ann)
		if err != nil || len(got) != maxReviewViews {
			t.Errorf("%d views, %v", len(got), err)
		}
	})
}
